import type { JsonObject } from "../lib/json.ts";

/** A response that callers may come back to: by its id, or to go on from it. */
export type StoredResponse = {
  readonly id: string;
  /** Who made it; nobody else may read it. */
  readonly caller: string;
  /** The model group and provider entry it was made at. */
  readonly group: string;
  readonly provider: string;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  /** The response it went on from. */
  readonly previousId: string | null;
  /** As it was written to the caller. */
  readonly response: JsonObject;
  /** The items its own request brought, without those of earlier turns. */
  readonly input: readonly JsonObject[];
};

/** What every store of responses keeps to. Least recently used entries go first; one that is larger than the whole store is not kept. */
export type ResponseStoreBounds = {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Since an entry was put; OpenAI keeps responses for 30 days. */
  readonly ttlMs: number;
};

/**
 * Keeps responses for providers that keep none (DESIGN section 8). Whoever asks says whose entry it must be: an id is no secret.
 * Every method throws an Error when the store itself is broken; then requests that need no stored response go on without it.
 */
export interface ResponseStore {
  /** Replaces an entry of the same id, if it is the same caller's. */
  put(entry: StoredResponse): void;
  get(id: string, caller: string): StoredResponse | null;
  /** Whether there was one. */
  delete(id: string, caller: string): boolean;
  /** The id of the response that holds an item (of its output or input) of that id. */
  findItem(itemId: string, caller: string): string | null;
  close(): void;
}

/** Ids of the items an entry holds, by which a later request may refer to them. */
export function itemIdsOf(entry: StoredResponse): readonly string[] {
  const { output } = entry.response;
  const items = [...entry.input, ...(Array.isArray(output) ? output : [])];
  return items.flatMap((item) => {
    const { id, type } = (item ?? {}) as { readonly id?: unknown; readonly type?: unknown };
    return typeof id === "string" && type !== "item_reference" ? [id] : [];
  });
}
