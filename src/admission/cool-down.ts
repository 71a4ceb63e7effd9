import { growingWaitMs } from "./growing-wait.ts";

const FIRST_REST_MS = 1_000;
const MAX_REST_MS = 60_000;
/** A provider's word is taken up to this: whoever says a day is asked again after an hour. */
const MAX_WORD_MS = 3_600_000;

/**
 * A rest after a 429 (or a 503 that says when to come back): as long as the provider says, or else 1 s, doubling with each further
 * one in a row, ± 20 %, up to a minute.
 *
 * "In a row" counts rests, not answers: of a hundred requests that were on their way when the limit was hit, each brings its own
 * 429, and all of them are the same news.
 */
export class CoolDown {
  readonly #random: () => number;
  #untilMs = Number.NEGATIVE_INFINITY;
  /** Whether the present rest is a guess of ours, which any word of the provider's replaces. */
  #isGuess = false;
  #round = 0;

  constructor({ random }: { readonly random: () => number }) {
    this.#random = random;
  }

  /** Rests from now on. `retryAfterMs`: the provider's word; null, or none of use (0 beside a refusal): it said nothing. */
  rest(nowMs: number, retryAfterMs: number | null): void {
    const isResting = nowMs < this.#untilMs;
    if (retryAfterMs !== null && retryAfterMs > 0) {
      const untilMs = nowMs + Math.min(retryAfterMs, MAX_WORD_MS);
      // Of two words the later one holds: both limits must be free again.
      this.#untilMs = isResting && !this.#isGuess ? Math.max(this.#untilMs, untilMs) : untilMs;
      this.#isGuess = false;
      if (!isResting) this.#round++;
    } else if (!isResting) {
      this.#untilMs = nowMs + growingWaitMs(FIRST_REST_MS, this.#round++, MAX_REST_MS, this.#random);
      this.#isGuess = true;
    }
  }

  /** When its rest is over; null: it does not rest. */
  untilMs(nowMs: number): number | null {
    return nowMs < this.#untilMs ? this.#untilMs : null;
  }

  /** A request succeeded: the next rest is a short one again. What rests now rests on. */
  recovered(): void {
    this.#round = 0;
  }
}
