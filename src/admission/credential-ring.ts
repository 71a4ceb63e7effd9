/** Time a credential rests after it was refused, where the provider does not say: refused ones seldom recover within a minute. */
const REST_MS = 60_000;
/** RFC 9110 section 5.6.7; `Date.parse` alone would take "-1" for a year. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, /;
/** A provider's word is taken up to this. */
const MAX_REST_MS = 3_600_000;

/**
 * Which of a provider's credentials is used: one after the other, leaving out those that were refused until they have rested
 * (DESIGN section 6: 401, 402, 403 mean a bad credential, 429 cools it for as long as the provider says).
 */
export class CredentialRing {
  readonly #restsUntilMs: number[];
  #next = 0;

  constructor(count: number) {
    this.#restsUntilMs = Array.from({ length: count }, () => 0);
  }

  get size(): number {
    return this.#restsUntilMs.length;
  }

  /**
   * Index of the credential to use; `tried` are not given again. Where all rest, the one that is ready first; null when every one
   * was tried.
   */
  pick(nowMs: number, tried: ReadonlySet<number> | null): number | null {
    const { length } = this.#restsUntilMs;
    let least: number | null = null;
    for (let step = 0; step < length; step++) {
      const index = (this.#next + step) % length;
      if (tried?.has(index) === true) continue;
      const until = this.#restsUntilMs[index] as number;
      if (until <= nowMs) {
        this.#next = (index + 1) % length;
        return index;
      }
      if (least === null || until < (this.#restsUntilMs[least] as number)) least = index;
    }
    return least;
  }

  /** A credential was refused; `retryAfterMs` null: the provider did not say for how long. */
  rest(index: number, nowMs: number, retryAfterMs: number | null): void {
    if (index < this.#restsUntilMs.length)
      this.#restsUntilMs[index] = nowMs + Math.min(retryAfterMs ?? REST_MS, MAX_REST_MS);
  }
}

/** Retry-After as milliseconds (RFC 9110 section 10.2.3: seconds or a date); null where it says nothing sensible. */
export function parseRetryAfter(value: string | null, wallNowMs: number): number | null {
  if (value === null) return null;
  if (/^\d{1,9}(\.\d+)?$/.test(value)) return Number(value) * 1_000;
  const date = HTTP_DATE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - wallNowMs);
}
