import type { Cancel, Schedule } from "../lib/clock.ts";
import type { LoadSample } from "./shedding.ts";

export const SAMPLE_EVERY_MS = 250;

export type OverloadSamplerOptions = {
  readonly schedule: Schedule;
  /** Milliseconds that only grow. */
  readonly clock: () => number;
  /** What the process has resident: `process.memoryUsage.rss` (10 µs a call). */
  readonly readMemoryBytes: () => number;
  /** What it may have; null: not known. Asked with every sample, so it should be at hand. */
  readonly readMemoryLimitBytes: (nowMs: number) => number | null;
  readonly onSample: (sample: LoadSample, nowMs: number) => void;
};

/**
 * Measures memory and the event loop's delay four times a second while exchanges are open, and never while the process idles.
 * The loop's delay is how late its own timer comes.
 *
 * stopped => (start) running => (stop) ending => (start) running | (its timer) stopped. Ending costs no call per exchange: traffic
 * of one request at a time starts and stops it a thousand times a second, and the timer lives a quarter of a second longer.
 */
export class OverloadSampler {
  readonly #options: OverloadSamplerOptions;
  #isWanted = false;
  #dueMs = 0;
  #sampledMs = Number.NEGATIVE_INFINITY;
  #cancel: Cancel | null = null;

  constructor(options: OverloadSamplerOptions) {
    this.#options = options;
  }

  /** The first exchange opened: memory is looked at now, where the last look is older than a sample's time. */
  start(): void {
    this.#isWanted = true;
    if (this.#cancel !== null) return;
    const nowMs = this.#options.clock();
    if (nowMs - this.#sampledMs >= SAMPLE_EVERY_MS) this.#sample(nowMs, 0);
    this.#wait(nowMs);
  }

  /** The last exchange ended: the timer that runs is the last. */
  stop(): void {
    this.#isWanted = false;
  }

  /** The process ends: no timer is left. */
  close(): void {
    this.#isWanted = false;
    this.#cancel?.();
    this.#cancel = null;
  }

  #wait(nowMs: number): void {
    this.#dueMs = nowMs + SAMPLE_EVERY_MS;
    this.#cancel = this.#options.schedule(SAMPLE_EVERY_MS, this.#onDue);
  }

  readonly #onDue = (): void => {
    this.#cancel = null;
    if (!this.#isWanted) return;
    const nowMs = this.#options.clock();
    this.#sample(nowMs, Math.max(0, nowMs - this.#dueMs));
    this.#wait(nowMs);
  };

  #sample(nowMs: number, loopDelayMs: number): void {
    this.#sampledMs = nowMs;
    const { readMemoryBytes, readMemoryLimitBytes, onSample } = this.#options;
    onSample({ memoryBytes: readMemoryBytes(), memoryLimitBytes: readMemoryLimitBytes(nowMs), loopDelayMs }, nowMs);
  }
}
