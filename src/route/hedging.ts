import type { HedgeSettings } from "../policy.ts";

const MINUTE_MS = 60_000;

/**
 * When a second attempt is sent beside a slow one, and whether it may be: one for each model group.
 * (Dean and Barroso, "The Tail at Scale", 2013: a second request after the 95th percentile costs a few per cent of load.)
 *
 * Extra requests are paid for: each request earns `maxExtra` of one. What was earned is kept up to the share of the last minute or
 * two, so that a moment of slowness can be bridged and no more than that. So there are never more extra requests than maxExtra ×
 * requests. A quiet service needs no floor: it keeps what it earned up to one whole request, however long that takes, and with 5 %
 * may hedge every twentieth; a floor would break the bound, which is a promise about cost.
 */
export class HedgeControl {
  /** Made with the first answer: most groups never hedge. */
  #firstBytes: FirstByteTimes | null = null;
  #minute = Number.NEGATIVE_INFINITY;
  #thisMinute = 0;
  #lastMinute = 0;
  /** Requests that have not earned yet. */
  #unpaid = 0;
  #credit = 0;

  /** A request's first attempt is sent. */
  onRequest(nowMs: number): void {
    this.#moveTo(nowMs);
    this.#thisMinute++;
    this.#unpaid++;
  }

  /** Time to first byte of a good answer. */
  observe(firstByteMs: number): void {
    this.#firstBytes ??= new FirstByteTimes();
    this.#firstBytes.observe(firstByteMs);
  }

  /** How long to wait before a second attempt; null while too little is known. `p95Ms`: the deployment's own, where it is known; else the group's. */
  delayMs({ after }: HedgeSettings, p95Ms: number | null = null): number | null {
    return after === "p95" ? (p95Ms ?? this.#firstBytes?.p95Ms ?? null) : after;
  }

  /** Takes the right to one extra request; false: it would be more than `maxExtra`. */
  tryHedge({ maxExtra }: HedgeSettings, nowMs: number): boolean {
    this.#moveTo(nowMs);
    const most = Math.max(1, maxExtra * (this.#thisMinute + this.#lastMinute));
    this.#credit = Math.min(most, this.#credit + this.#unpaid * maxExtra);
    this.#unpaid = 0;
    // An epsilon, so that twenty times 5 % is one.
    if (this.#credit < 1 - 1e-9) return false;
    this.#credit = Math.max(0, this.#credit - 1);
    return true;
  }

  #moveTo(nowMs: number): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute <= this.#minute) return;
    this.#lastMinute = minute === this.#minute + 1 ? this.#thisMinute : 0;
    this.#thisMinute = 0;
    this.#minute = minute;
  }
}

/** Each bucket ends 15 % after the one before: a quantile is right within that, enough to wait a little longer. */
const GROWTH = 1.15;
/** The last one ends at 1.15^95 ms, ten minutes. */
const BUCKETS = 96;
/** What came five hundred answers ago counts half as much as the newest. */
const FADE = 2 ** (1 / 500);
/** The weights are scaled down together long before they lose digits. */
const MAX_WEIGHT = 1e12;
/** Fewer answers say nothing of the slowest twentieth. */
const MIN_ANSWERS = 20;
/** The quantile is read anew every so many answers: what an answer costs stays the same, however many there were. */
const READ_EVERY = 16;

/**
 * The 95th percentile of times to first byte, of which older ones count less and less: a histogram in which every newer answer
 * weighs a little more than the one before.
 */
export class FirstByteTimes {
  readonly #weights = new Float64Array(BUCKETS);
  #weight = 1;
  #answers = 0;
  #p95Ms: number | null = null;

  /** null until twenty were seen. */
  get p95Ms(): number | null {
    return this.#p95Ms;
  }

  observe(firstByteMs: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(firstByteMs) / Math.log(GROWTH))));
    this.#weights[bucket] = (this.#weights[bucket] as number) + this.#weight;
    this.#weight *= FADE;
    this.#answers++;
    if (this.#weight > MAX_WEIGHT) this.#scaleDown();
    if (this.#answers < MIN_ANSWERS) return;
    if (this.#p95Ms === null || this.#answers % READ_EVERY === 0) this.#p95Ms = this.#read(0.95);
  }

  #scaleDown(): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#weights[bucket] = (this.#weights[bucket] as number) / MAX_WEIGHT;
    }
    this.#weight /= MAX_WEIGHT;
  }

  /** The end of the bucket in which the quantile lies. */
  #read(quantile: number): number {
    let total = 0;
    for (const weight of this.#weights) total += weight;
    let left = total * (1 - quantile);
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
      left -= this.#weights[bucket] as number;
      if (left < 0) return GROWTH ** bucket;
    }
    return 1;
  }
}
