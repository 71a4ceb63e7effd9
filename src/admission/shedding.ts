/**
 * Refuses a share of the requests before memory runs out or the event loop falls behind, the least urgent class first.
 *
 * Two signals become one pressure from 0 to 1, the larger of the two:
 * - memory: 0 at `memoryShare` of the limit, 1 when four fifths of what is left are used, too;
 * - delay of the event loop: 0 at `loopDelayMs`, 1 at four times that; averaged over a few samples, because one late timer is a
 *   garbage collection, not an overload.
 *
 * The pressure becomes a chance to be refused: low from 0 to 0.4, normal from 0.4 to 0.8, high from 0.8 to 1, each rising evenly
 * to 98 %. The rest is a trickle by which the gateway finds out that it has recovered, and by which a process whose
 * memory does not shrink by itself still serves somebody.
 *
 * Against flapping it rises at once and falls slowly (from 1 to 0 in five seconds), and once begun it does not end before the
 * signal is a tenth below its threshold.
 */
import { PRIORITIES, type Priority, type SheddingSettings } from "../policy.ts";

/** What was measured at one moment. A value that is no number counts as not measured. */
export type LoadSample = {
  readonly memoryBytes: number;
  /** null: not known, so memory is no signal. */
  readonly memoryLimitBytes: number | null;
  /** How late a timer came. */
  readonly loopDelayMs: number;
};

/** From where to where the pressure of each class rises. */
const RAMPS: Readonly<Record<Priority, readonly [from: number, to: number]>> = {
  high: [0.8, 1],
  normal: [0.4, 0.8],
  low: [0, 0.4],
};
/** The most that is refused of any class. */
export const MAX_SHED_SHARE = 0.98;
/** Share of the memory above the threshold at which everything is shed. */
const MEMORY_SPAN = 0.8;
const LOOP_DELAY_SPAN = 3;
/** Time in which the pressure falls from 1 to 0. */
export const RELEASE_MS = 5_000;
/** The least pressure once shedding has begun, until the signal is below the lower threshold. */
const LEAST_PRESSURE = 0.04;
const LOWER_THRESHOLD = 0.9;
/** Weight of a new sample in the average of the loop's delay … */
const DELAY_WEIGHT = 0.3;
/** … which is worth nothing after a pause like this. */
const FORGET_DELAY_AFTER_MS = 5_000;

export class Shedding {
  #settings: SheddingSettings;
  #pressure = 0;
  #loopDelayMs = 0;
  #observedMs: number | null = null;
  /** Chance to be refused, by class: computed with each sample, so that a request costs one look. */
  readonly #shares: Record<Priority, number> = { high: 0, normal: 0, low: 0 };

  constructor(settings: SheddingSettings) {
    this.#settings = settings;
  }

  /** New thresholds; the next sample is judged by them. */
  reconfigure(settings: SheddingSettings): void {
    this.#settings = settings;
  }

  /** Whether there is anything to watch. */
  get isEnabled(): boolean {
    return this.#settings.memoryShare !== null || this.#settings.loopDelayMs !== null;
  }

  /** 0: all is well; 1: everything but a trickle is shed. */
  get pressure(): number {
    return this.#pressure;
  }

  /** Chance of a request of this class to be refused now, 0 to 1. */
  shedShareOf(priority: Priority): number {
    return this.#shares[priority];
  }

  /** Until the pressure can be gone, in whole seconds, at least 1. */
  get retryAfterSeconds(): number {
    return Math.max(1, Math.ceil((this.#pressure * RELEASE_MS) / 1_000));
  }

  /** Whether a request may come in. */
  admits(priority: Priority, random: () => number): boolean {
    const share = this.#shares[priority];
    return share === 0 || random() >= share;
  }

  /** A new measurement; samples are to come several times a second while there is traffic. */
  observe(sample: LoadSample, nowMs: number): void {
    const sinceMs = this.#observedMs === null ? 0 : Math.max(0, nowMs - this.#observedMs);
    this.#observedMs = nowMs;
    const isShedding = this.#pressure > 0;
    const released = Math.max(0, this.#pressure - sinceMs / RELEASE_MS);
    const pressure = Math.max(
      released,
      this.#memoryPressure(sample, isShedding),
      this.#delayPressure(sample, sinceMs, isShedding),
    );
    if (pressure === this.#pressure) return;
    this.#pressure = pressure;
    for (const priority of PRIORITIES) {
      const [from, to] = RAMPS[priority];
      this.#shares[priority] = MAX_SHED_SHARE * clampShare((pressure - from) / (to - from));
    }
  }

  #memoryPressure({ memoryBytes, memoryLimitBytes }: LoadSample, isShedding: boolean): number {
    const threshold = this.#settings.memoryShare;
    if (threshold === null || memoryLimitBytes === null || !(memoryLimitBytes > 0) || !(memoryBytes >= 0)) return 0;
    return pressureOf(memoryBytes / memoryLimitBytes, threshold, MEMORY_SPAN * (1 - threshold), isShedding);
  }

  #delayPressure({ loopDelayMs }: LoadSample, sinceMs: number, isShedding: boolean): number {
    const threshold = this.#settings.loopDelayMs;
    if (threshold === null) return 0;
    const span = LOOP_DELAY_SPAN * threshold;
    if (sinceMs > FORGET_DELAY_AFTER_MS + Math.max(0, loopDelayMs)) this.#loopDelayMs = 0;
    // Bounded, so that one enormous pause does not outweigh many good samples after it.
    const delayMs = loopDelayMs >= 0 ? Math.min(loopDelayMs, threshold + span) : 0;
    this.#loopDelayMs += (delayMs - this.#loopDelayMs) * DELAY_WEIGHT;
    return pressureOf(this.#loopDelayMs, threshold, span, isShedding);
  }
}

function pressureOf(value: number, threshold: number, span: number, isShedding: boolean): number {
  if (value < threshold) return isShedding && value >= threshold * LOWER_THRESHOLD ? LEAST_PRESSURE : 0;
  // A threshold of 1 leaves no span to rise in.
  return Math.max(LEAST_PRESSURE, clampShare(span > 0 ? (value - threshold) / span : 1));
}

function clampShare(share: number): number {
  return Math.min(1, Math.max(0, share));
}
