/** A caller that does not read what is written for it. */
export interface SlowReader {
  /** Cuts it off: the gateway has no more memory for it. */
  evict(): void;
}

/**
 * Bytes that wait for callers to read them, over all streams. Each stream is bounded by itself (its upstream is paused);
 * this bounds their sum: beyond it the reader that has made no progress for the longest time is cut off.
 */
export class PendingBudget {
  maxBytes: number;
  /** How many callers were cut off so far. */
  evicted = 0;
  #totalBytes = 0;
  /** In order of their last progress: the first is the slowest. */
  readonly #readers = new Map<SlowReader, number>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Says how much waits for a reader now. `hasProgressed`: it has read something since. */
  update(reader: SlowReader, pendingBytes: number, hasProgressed: boolean): void {
    const before = this.#readers.get(reader);
    if (before === undefined && pendingBytes === 0) return;
    this.#totalBytes += pendingBytes - (before ?? 0);
    if (pendingBytes === 0) this.#readers.delete(reader);
    else {
      if (hasProgressed) this.#readers.delete(reader);
      this.#readers.set(reader, pendingBytes);
    }
    while (this.#totalBytes > this.maxBytes) {
      const slowest = this.#readers.keys().next();
      if (slowest.done === true) return;
      this.#totalBytes -= this.#readers.get(slowest.value) as number;
      this.#readers.delete(slowest.value);
      this.evicted++;
      slowest.value.evict();
    }
  }
}
