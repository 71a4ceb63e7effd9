import { GatewayError } from "../../errors.ts";
import { tokenError } from "./access-token.ts";

/**
 * Google's metadata server gives a new token only from four minutes before the old one's end, so asking earlier would get the same
 * again (REFRESH_THRESHOLD in https://github.com/googleapis/google-auth-library-python/blob/main/google/auth/_helpers.py).
 */
const RENEW_BEFORE_MS = 225_000;
/** Between two tries: a source that fails, or a provider that refuses everything, is not asked for every request. */
const RETRY_AFTER_MS = 5_000;

export type RenewingCacheOptions = {
  /** Names the cloud in errors. */
  readonly whose: string;
  readonly now: () => number;
  /** How long before its end the next one is fetched: from when on its source gives a new one. */
  readonly renewBeforeMs?: number;
};

/**
 * Keeps what expires and renews it, one fetch at a time: none → fetching → fresh → (near its end) renewing → fresh … While it is
 * renewed the old one serves; once that has expired everybody waits for the new one.
 */
export class RenewingCache<Kept extends { readonly expiresAtMs: number | null }> {
  readonly #fetchOne: () => Promise<Kept>;
  readonly #whose: string;
  readonly #now: () => number;
  readonly #renewBeforeMs: number;
  #known: Kept | null = null;
  #fetching: Promise<Kept> | null = null;
  /** When the source was last asked, and how that failed. */
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #failure: GatewayError | null = null;

  constructor(fetchOne: () => Promise<Kept>, { whose, now, renewBeforeMs = RENEW_BEFORE_MS }: RenewingCacheOptions) {
    this.#fetchOne = fetchOne;
    this.#whose = whose;
    this.#now = now;
    this.#renewBeforeMs = renewBeforeMs;
  }

  /** One that is good now; a promise only where it must be fetched first. Throws (or rejects with) GatewayError `upstream_error`. */
  get(): Kept | Promise<Kept> {
    const nowMs = this.#now();
    const known = this.#known;
    if (known !== null) {
      const leftMs = known.expiresAtMs === null ? Number.POSITIVE_INFINITY : known.expiresAtMs - nowMs;
      if (leftMs > this.#renewBeforeMs) return known;
      if (leftMs > 0) {
        // Nobody waits for this one; a failure is told once the old one has expired.
        if (this.#fetching === null && !this.#isTooSoon(nowMs)) this.#fetch(nowMs).catch(() => {});
        return known;
      }
    }
    if (this.#fetching !== null) return this.#fetching;
    if (this.#failure !== null && this.#isTooSoon(nowMs)) throw this.#failure;
    return this.#fetch(nowMs);
  }

  /** It was refused: the next call fetches anew, unless it has only just been fetched and something else is wrong. */
  invalidate(): void {
    if (this.#isTooSoon(this.#now())) return;
    this.#known = null;
    this.#failure = null;
  }

  #isTooSoon(nowMs: number): boolean {
    return nowMs - this.#askedAtMs < RETRY_AFTER_MS;
  }

  #fetch(nowMs: number): Promise<Kept> {
    this.#askedAtMs = nowMs;
    const fetching = this.#ask().finally(() => {
      this.#fetching = null;
    });
    this.#fetching = fetching;
    return fetching;
  }

  async #ask(): Promise<Kept> {
    try {
      const found = await this.#fetchOne();
      if (found.expiresAtMs !== null && found.expiresAtMs <= this.#now()) {
        throw tokenError(this.#whose, "the source gave one that has expired already.");
      }
      this.#known = found;
      this.#failure = null;
      return found;
    } catch (error) {
      this.#failure =
        error instanceof GatewayError ? error : tokenError(this.#whose, "they could not be fetched.", error);
      throw this.#failure;
    }
  }
}
