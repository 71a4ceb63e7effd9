import type { RetryBudgetSettings } from "../policy.ts";

const BUCKET_MS = 1_000;
const BUCKETS = 10;

/**
 * How many of the attempts at one provider may be retries: a share of its requests, so that an outage is not made worse by those
 * who try again (https://sre.google/sre-book/handling-overload/, "per-client retry budget"; Finagle's RetryBudget).
 *
 * Over the last ten seconds, the running one included, retries are at most the larger of share × requests and
 * minPerSecond × 10. The larger and not the sum: under load it is the share alone, so attempts stay at (1 + share) × requests,
 * and where hardly anybody asks the minimum is there for the one who does.
 */
export class RetryBudget {
  #settings: RetryBudgetSettings;
  /** One second each, a ring. */
  readonly #requests = new Uint32Array(BUCKETS);
  readonly #retries = new Uint32Array(BUCKETS);
  #totalRequests = 0;
  #totalRetries = 0;
  /** The running second, counted from the clock's start. */
  #second: number;

  constructor(settings: RetryBudgetSettings, nowMs: number) {
    this.#settings = settings;
    this.#second = Math.floor(nowMs / BUCKET_MS);
  }

  /** New settings; what was counted stays. */
  reconfigure(settings: RetryBudgetSettings): void {
    this.#settings = settings;
  }

  /** The first attempt of an exchange goes to this provider. */
  onRequest(nowMs: number): void {
    const at = this.#moveTo(nowMs);
    this.#requests[at] = (this.#requests[at] as number) + 1;
    this.#totalRequests++;
  }

  /** Takes the right to a further attempt; false: there is none left. */
  tryRetry(nowMs: number): boolean {
    const at = this.#moveTo(nowMs);
    const { share, minPerSecond } = this.#settings;
    const allowed = Math.max(share * this.#totalRequests, (minPerSecond * BUCKETS * BUCKET_MS) / 1_000);
    // An epsilon, so that 0.2 × 15 is three.
    if (this.#totalRetries + 1 > allowed + 1e-9) return false;
    this.#retries[at] = (this.#retries[at] as number) + 1;
    this.#totalRetries++;
    return true;
  }

  /** Gives back what `tryRetry` took a moment ago: the attempt was not made. */
  giveBack(nowMs: number): void {
    const at = this.#moveTo(nowMs);
    // Taken in an older bucket (the request stood in a queue): it leaves the window by itself.
    if (this.#retries[at] === 0) return;
    this.#retries[at] = (this.#retries[at] as number) - 1;
    this.#totalRetries--;
  }

  /** Place of the running second in the ring, after the seconds that have passed were emptied; a clock never goes back. */
  #moveTo(nowMs: number): number {
    const second = Math.max(this.#second, Math.floor(nowMs / BUCKET_MS));
    const passed = Math.min(second - this.#second, BUCKETS);
    for (let step = 1; step <= passed; step++) {
      const at = (this.#second + step) % BUCKETS;
      this.#totalRequests -= this.#requests[at] as number;
      this.#totalRetries -= this.#retries[at] as number;
      this.#requests[at] = 0;
      this.#retries[at] = 0;
    }
    this.#second = second;
    return second % BUCKETS;
  }
}
