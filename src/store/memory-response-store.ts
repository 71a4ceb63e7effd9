import { itemIdsOf, type ResponseStore, type ResponseStoreBounds, type StoredResponse } from "./response-store.ts";

/** One entry as it is kept: bytes outside the heap, whose number is known. */
type Kept = {
  readonly caller: string;
  readonly bytes: Buffer;
  readonly itemKeys: readonly string[];
  readonly expiresAtMs: number;
};

/** What an entry costs beside its JSON: maps, keys. */
const OVERHEAD_BYTES = 512;
const ITEM_OVERHEAD_BYTES = 128;

/** Responses in memory: the default, gone with the process. */
export class MemoryResponseStore implements ResponseStore {
  readonly #bounds: ResponseStoreBounds;
  readonly #nowMs: () => number;
  /** In order of use, the least recently used first. */
  readonly #entries = new Map<string, Kept>();
  /** caller + item id → response id. */
  readonly #items = new Map<string, string>();
  #bytes = 0;

  /** `nowMs`: milliseconds since 1970. */
  constructor(bounds: ResponseStoreBounds, nowMs: () => number) {
    this.#bounds = bounds;
    this.#nowMs = nowMs;
  }

  get entries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  put(entry: StoredResponse): void {
    const before = this.#entries.get(entry.id);
    if (before !== undefined && before.caller !== entry.caller) return;
    if (before !== undefined) this.#remove(entry.id, before);
    const kept: Kept = {
      caller: entry.caller,
      bytes: Buffer.from(JSON.stringify(entry), "utf8"),
      itemKeys: itemIdsOf(entry).map((id) => keyOf(id, entry.caller)),
      expiresAtMs: this.#nowMs() + this.#bounds.ttlMs,
    };
    const size = sizeOf(kept);
    if (size > this.#bounds.maxBytes || this.#bounds.maxEntries < 1) return;
    this.#entries.set(entry.id, kept);
    this.#bytes += size;
    for (const key of kept.itemKeys) this.#items.set(key, entry.id);
    this.#evict();
  }

  get(id: string, caller: string): StoredResponse | null {
    const kept = this.#find(id, caller);
    if (kept === null) return null;
    this.#entries.delete(id);
    this.#entries.set(id, kept);
    return JSON.parse(kept.bytes.toString("utf8")) as StoredResponse;
  }

  delete(id: string, caller: string): boolean {
    const kept = this.#find(id, caller);
    if (kept === null) return false;
    this.#remove(id, kept);
    return true;
  }

  findItem(itemId: string, caller: string): string | null {
    const id = this.#items.get(keyOf(itemId, caller));
    return id === undefined || this.#find(id, caller) === null ? null : id;
  }

  close(): void {
    this.#entries.clear();
    this.#items.clear();
    this.#bytes = 0;
  }

  #find(id: string, caller: string): Kept | null {
    const kept = this.#entries.get(id);
    if (kept === undefined || kept.caller !== caller) return null;
    if (kept.expiresAtMs > this.#nowMs()) return kept;
    this.#remove(id, kept);
    return null;
  }

  #evict(): void {
    for (const [id, kept] of this.#entries) {
      if (this.#entries.size <= this.#bounds.maxEntries && this.#bytes <= this.#bounds.maxBytes) return;
      this.#remove(id, kept);
    }
  }

  #remove(id: string, kept: Kept): void {
    this.#entries.delete(id);
    this.#bytes -= sizeOf(kept);
    for (const key of kept.itemKeys) if (this.#items.get(key) === id) this.#items.delete(key);
  }
}

function keyOf(itemId: string, caller: string): string {
  return `${caller}\n${itemId}`;
}

function sizeOf({ bytes, itemKeys }: Kept): number {
  return bytes.length + OVERHEAD_BYTES + itemKeys.length * ITEM_OVERHEAD_BYTES;
}
