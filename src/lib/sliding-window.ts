/** Parts of the window: what is counted is forgotten a tenth of the window at a time. */
const BUCKETS = 10;

/**
 * Successes and failures of the last `windowMs`, in ten buckets: counting costs a few writes, and the memory is the same however
 * many are counted. What it remembers reaches back between 90 % and 100 % of the window.
 */
export class SlidingWindow {
  #bucketMs: number;
  /** Number of the newest bucket since the clock's start. */
  #newest = Number.NEGATIVE_INFINITY;
  /** By bucket, modulo their count: successes and failures side by side. */
  readonly #counts = new Uint32Array(BUCKETS * 2);
  #total = 0;
  #failures = 0;

  constructor(windowMs: number) {
    this.#bucketMs = Math.max(windowMs, 1) / BUCKETS;
  }

  /** Everything in the window, as of the last count. */
  get total(): number {
    return this.#total;
  }

  /** Of those, failures. */
  get failures(): number {
    return this.#failures;
  }

  count(isFailure: boolean, nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    if (bucket > this.#newest) this.#moveTo(bucket);
    // Of a clock that stood still or went back: the newest bucket takes it.
    this.#add(this.#newest, isFailure ? 0 : 1, isFailure ? 1 : 0);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#failures = 0;
  }

  /** Another length; what is remembered keeps its age, to within a bucket, and goes where it is too old now. */
  resize(windowMs: number): void {
    const bucketMs = Math.max(windowMs, 1) / BUCKETS;
    if (bucketMs === this.#bucketMs) return;
    const oldBucketMs = this.#bucketMs;
    const oldNewest = this.#newest;
    const old = this.#counts.slice();
    this.clear();
    this.#bucketMs = bucketMs;
    if (oldNewest === Number.NEGATIVE_INFINITY) return;
    this.#newest = Math.floor((oldNewest * oldBucketMs) / bucketMs);
    for (let back = 0; back < BUCKETS; back++) {
      const from = slotOf(oldNewest - back);
      const bucket = Math.floor(((oldNewest - back) * oldBucketMs) / bucketMs);
      if (bucket > this.#newest - BUCKETS) this.#add(bucket, old[from] as number, old[from + 1] as number);
    }
  }

  #add(bucket: number, successes: number, failures: number): void {
    const slot = slotOf(bucket);
    this.#counts[slot] = (this.#counts[slot] as number) + successes;
    this.#counts[slot + 1] = (this.#counts[slot + 1] as number) + failures;
    this.#total += successes + failures;
    this.#failures += failures;
  }

  #moveTo(bucket: number): void {
    const steps = bucket - this.#newest;
    this.#newest = bucket;
    if (steps >= BUCKETS) {
      if (this.#total > 0) this.clear();
      return;
    }
    for (let back = 0; back < steps; back++) {
      const slot = slotOf(bucket - back);
      const successes = this.#counts[slot] as number;
      const failures = this.#counts[slot + 1] as number;
      this.#total -= successes + failures;
      this.#failures -= failures;
      this.#counts[slot] = 0;
      this.#counts[slot + 1] = 0;
    }
  }
}

/** Where a bucket's successes stand; its failures stand behind them. A clock may start below zero. */
function slotOf(bucket: number): number {
  return (((bucket % BUCKETS) + BUCKETS) % BUCKETS) * 2;
}
