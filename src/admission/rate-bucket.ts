const MINUTE_MS = 60_000;
/**
 * What rounding may lack of an amount, in requests or tokens, and per unit of the limit: without it, who waits exactly as long as told
 * could be refused. It is taken from the bucket like the rest, so nothing adds up.
 */
const ROUNDING = 1e-6;
const ROUNDING_SHARE = 1e-12;

/**
 * A token bucket for one limit per minute: it holds as much as the limit and refills continuously, so a caller with 10 requests per
 * minute may send 10 at once. Therefore any window of 60 s sees at most twice the limit (a full bucket, and what flows in
 * meanwhile), and over any longer time the average is the limit.
 *
 * An amount larger than the whole bucket counts as the whole bucket: it passes when that is full, since otherwise it never could.
 * What is taken afterwards (`take`) may leave less than nothing in it; then nobody passes until that is paid back by time.
 */
export class RateBucket {
  #capacity: number;
  #perMs: number;
  #rounding: number;
  #level: number;
  #filledAtMs: number;

  /** `perMinute`: more than 0. Starts full. */
  constructor(perMinute: number, nowMs: number) {
    checkLimit(perMinute);
    this.#capacity = perMinute;
    this.#perMs = perMinute / MINUTE_MS;
    this.#rounding = ROUNDING + perMinute * ROUNDING_SHARE;
    this.#level = perMinute;
    this.#filledAtMs = nowMs;
  }

  /** The limit, and what a full bucket holds. */
  get perMinute(): number {
    return this.#capacity;
  }

  /** Takes all of it or nothing. */
  tryTake(amount: number, nowMs: number): boolean {
    if (!this.holds(amount, nowMs)) return false;
    this.#level -= this.clamp(amount);
    return true;
  }

  /** Whether `tryTake` would succeed. */
  holds(amount: number, nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#level + this.#rounding >= this.clamp(amount);
  }

  /** What an amount counts as: at most what the bucket holds. */
  clamp(amount: number): number {
    return amount < this.#capacity ? amount : this.#capacity;
  }

  /** Takes it whether it is there or not. */
  take(amount: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#level -= amount;
  }

  /** Gives back what was taken and not used; never above what the bucket holds. */
  give(amount: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#level = Math.min(this.#capacity, this.#level + amount);
  }

  /** What may be taken now; 0 while something is owed. */
  remaining(nowMs: number): number {
    this.#fill(nowMs);
    return this.#level > 0 ? this.#level : 0;
  }

  /** How long until so much is there, in whole ms, if nobody else comes; 0: it is. */
  untilMs(amount: number, nowMs: number): number {
    if (this.holds(amount, nowMs)) return 0;
    return Math.ceil((this.clamp(amount) - this.#level - this.#rounding / 2) / this.#perMs);
  }

  /** How long until it is full. */
  resetMs(nowMs: number): number {
    return this.untilMs(this.#capacity, nowMs);
  }

  /** 0: full; 1: empty; more while something is owed. */
  usedShare(nowMs: number): number {
    this.#fill(nowMs);
    return 1 - this.#level / this.#capacity;
  }

  /** Another limit from now on. What was used stays used, so a higher one gives its difference at once. */
  reconfigure(perMinute: number, nowMs: number): void {
    checkLimit(perMinute);
    this.#fill(nowMs);
    this.#level += perMinute - this.#capacity;
    this.#capacity = perMinute;
    this.#perMs = perMinute / MINUTE_MS;
    this.#rounding = ROUNDING + perMinute * ROUNDING_SHARE;
  }

  /** Time that stands still or goes back brings nothing, and takes nothing. */
  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#filledAtMs;
    if (elapsedMs <= 0) return;
    this.#filledAtMs = nowMs;
    const level = this.#level + elapsedMs * this.#perMs;
    this.#level = level < this.#capacity ? level : this.#capacity;
  }
}

function checkLimit(perMinute: number): void {
  if (perMinute > 0 && Number.isFinite(perMinute)) return;
  throw new RangeError(`perMinute should be a finite number above 0, got ${perMinute}`);
}
