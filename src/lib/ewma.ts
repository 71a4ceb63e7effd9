/**
 * A moving average that follows the last while: what a sample counts for halves every `halfLifeMs`.
 *
 * It keeps two sums that decay together, of the values and of their counts, and answers their quotient. So samples that come in one
 * burst all count (an average weighed by the time since the last sample would ignore all but the first), and after a long silence the
 * next sample decides alone. Unknown again (null) once the last sample is older than `forgetAfterMs`.
 */
export class Ewma {
  readonly #halfLifeMs: number;
  readonly #forgetAfterMs: number;
  #values = 0;
  #counts = 0;
  #lastMs = 0;

  constructor(options: { readonly halfLifeMs: number; readonly forgetAfterMs: number }) {
    this.#halfLifeMs = options.halfLifeMs;
    this.#forgetAfterMs = options.forgetAfterMs;
  }

  /** Takes in a sample; one that is not a finite number says nothing and is left out. */
  add(value: number, nowMs: number): void {
    if (!Number.isFinite(value)) return;
    const elapsedMs = Math.max(0, nowMs - this.#lastMs);
    const decay = this.#counts === 0 || elapsedMs > this.#forgetAfterMs ? 0 : 2 ** (-elapsedMs / this.#halfLifeMs);
    this.#values = this.#values * decay + value;
    this.#counts = this.#counts * decay + 1;
    this.#lastMs = Math.max(this.#lastMs, nowMs);
  }

  /** The average; null while nothing is known, or nothing that is recent enough. */
  read(nowMs: number): number | null {
    if (this.#counts === 0 || nowMs - this.#lastMs > this.#forgetAfterMs) return null;
    return this.#values / this.#counts;
  }
}
