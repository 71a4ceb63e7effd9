import type { SimulatedClock } from "../../../src/lib/clock.ts";
import type { SimulatedProvider } from "./providers.ts";
import type { Tally } from "./tally.ts";

/** An application without a gateway: one provider, and so many further attempts, each as soon as the one before has failed. */
export class NaiveClient {
  readonly tally: Tally;
  readonly #clock: SimulatedClock;
  readonly #provider: SimulatedProvider;
  readonly #retries: number;
  readonly #firstByteTimeoutMs: number;

  constructor(options: {
    tally: Tally;
    clock: SimulatedClock;
    provider: SimulatedProvider;
    retries: number;
    firstByteTimeoutMs: number;
  }) {
    this.tally = options.tally;
    this.#clock = options.clock;
    this.#provider = options.provider;
    this.#retries = options.retries;
    this.#firstByteTimeoutMs = options.firstByteTimeoutMs;
  }

  request(): void {
    const startMs = this.#clock.nowMs();
    this.tally.noteRequest(startMs);
    this.#try(startMs, this.#retries);
  }

  #try(startMs: number, retries: number): void {
    const nowMs = this.#clock.nowMs();
    this.tally.noteAttempt(nowMs);
    const answer = this.#provider.answer(nowMs);
    if (answer.kind === "good" && answer.firstByteMs <= this.#firstByteTimeoutMs) {
      this.tally.noteAnswer(nowMs + answer.firstByteMs - startMs);
      return;
    }
    if (retries === 0) return;
    const afterMs = answer.kind === "bad" ? answer.afterMs : this.#firstByteTimeoutMs;
    this.#clock.schedule(afterMs, () => this.#try(startMs, retries - 1));
  }
}
