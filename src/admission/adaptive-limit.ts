/**
 * Finds how many requests a provider takes at once before they queue there, from the time to first byte alone.
 *
 * After the gradient controllers of Netflix (https://github.com/Netflix/concurrency-limits, Gradient2) and Envoy
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/adaptive_concurrency_filter). Per window:
 *
 *   pointed = limit × baseline × (1 + TOLERANCE) / the window's typical time + √limit / 2
 *   limit   = half of the way from limit to pointed, at most a fifth down or a quarter up
 *
 * It begins as TCP's slow start does, doubling until there is a queue. The baseline is the typical time while nothing queues. As in
 * Envoy it is measured: every ten minutes (jittered, so that many gateways do not do it together) a probe lowers the limit in two
 * steps, waits until no more are in flight, and measures requests that began after that. The same whenever the limit has halved or
 * trebled since the last measurement: either the provider takes less or more, or it (or what it is asked) has changed its speed, and
 * only a measurement tells which. Windows in which the limit was not in use measure the baseline for nothing.
 *
 * Streams stay in flight long after their first byte. So a window has as many samples as there are requests in flight (what a limit
 * does is not seen earlier), and the limit falls in small steps (far below what is in flight it admits nobody until they end).
 */
import type { AdaptiveSettings } from "../policy.ts";

/** A window ends when it is this old … */
const WINDOW_MS = 1_000;
/** … and has so many samples; fewer say nothing of a median. */
const MIN_SAMPLES = 30;
/** Where traffic is thin fewer must do: a window half as old as it may get is taken with these. */
const MIN_SAMPLES_SLOW = 10;
/** After an outage fewer still: a limit of 1 gives few. */
const MIN_SAMPLES_RECOVERING = 5;
/** For a baseline, which all later windows are held against. */
const BASELINE_SAMPLES = 100;
/** A window that did not fill in this time is begun anew: its first samples are of another time. */
const MAX_WINDOW_MS = 60_000;
/** Samples kept of a window, drawn evenly where there are more. */
const RESERVOIR = 256;
/** A sample counts for so many medians at most. */
const CLIP = 3;
const TOLERANCE = 0.5;
const HEADROOM = 0.5;
/** How much of the way to where the window points is gone at once. */
const SMOOTHING = 0.5;
const MAX_STEP_DOWN = 0.8;
const MAX_STEP_UP = 1.25;
/** Of the limit after a timeout or a 429, at most once per window. */
const DROP_FACTOR = 0.7;
/** The limit is not lowered further than this before the baseline is measured again. */
const MEASURE_BELOW = 0.5;
/** A limit that has grown so much says that the provider takes more, or that the baseline is no longer its own. */
const MEASURE_ABOVE = 3;
const PROBE_EVERY_MS = 600_000;
/** The first baseline was measured under whatever load there was: the first probe is soon. */
const FIRST_PROBE_MS = 10_000;
/** A probe that finds less than this share of the baseline is soon followed by another. */
const MUCH_LOWER = 0.8;
const PROBE_JITTER = 0.2;
/** The limit's share in a probe, step by step: what queues where the controller comes to rest does not queue at the last. */
const PROBE_STEPS = [0.75, 0.5] as const;
/** Below this share of the limit in flight, the limit is not what bounds the traffic (Gradient2's rule). */
const IN_USE_SHARE = 0.5;
/** Where it begins, between the bounds. */
const INITIAL_LIMIT = 20;
/** Bounds of a sample: below is no network, above no first byte. */
const MIN_SAMPLE_MS = 1;
const MAX_SAMPLE_MS = 600_000;

type Probe =
  | { readonly kind: "none" }
  /** On the way down: a window for each step. */
  | { readonly kind: "descending"; readonly step: number }
  /** `fromMs`: requests that began after it count; null: more are in flight than the limit. */
  | { readonly kind: "measuring"; readonly sinceMs: number; fromMs: number | null };

const NO_PROBE: Probe = { kind: "none" };

export class AdaptiveLimit {
  readonly #random: () => number;
  #min: number;
  #max: number;
  #limit: number;
  #isStarting = true;
  #baselineMs: number | null = null;
  /** The limit when the baseline was measured. */
  #limitAtBaseline: number;
  #probe: Probe = NO_PROBE;
  #probeAtMs = Number.POSITIVE_INFINITY;
  /** The limit before drops lowered it: half of it is reached again by doubling. 0: nothing to recover. */
  #limitBeforeDrops = 0;
  #droppedMs = Number.NEGATIVE_INFINITY;
  #windowStartMs: number | null = null;
  #count = 0;
  #mostInFlight = 0;
  #hasDropped = false;
  readonly #samples = new Float64Array(RESERVOIR);

  constructor(settings: AdaptiveSettings, { random }: { random: () => number }) {
    this.#random = random;
    this.#min = settings.min;
    this.#max = settings.max;
    this.#limit = this.#clamp(INITIAL_LIMIT);
    this.#limitAtBaseline = this.#limit;
  }

  /** New bounds, at once. */
  reconfigure({ min, max }: AdaptiveSettings): void {
    this.#min = min;
    this.#max = max;
    this.#limit = this.#clamp(this.#limit);
  }

  /** Requests that may be in flight now; a whole number within the bounds. */
  get limit(): number {
    return Math.floor(this.#clamp(this.#limit * this.#probeShare()));
  }

  /** The time to first byte when nothing queues, as far as it is known. */
  get baselineMs(): number | null {
    return this.#baselineMs;
  }

  /** A first byte came, after so long, with so many in flight. */
  onSample(firstByteMs: number, inFlight: number, nowMs: number): void {
    if (!Number.isFinite(firstByteMs) || firstByteMs < 0 || !Number.isFinite(nowMs)) return;
    if (this.#probe.kind === "measuring" && !this.#isOfProbe(this.#probe, firstByteMs, inFlight, nowMs)) return;
    if (this.#windowStartMs === null || nowMs - this.#windowStartMs > MAX_WINDOW_MS) this.#beginWindow(nowMs);
    this.#keep(Math.min(Math.max(firstByteMs, MIN_SAMPLE_MS), MAX_SAMPLE_MS));
    if (inFlight > this.#mostInFlight) this.#mostInFlight = inFlight;
    const ageMs = nowMs - (this.#windowStartMs as number);
    if (ageMs < WINDOW_MS || this.#count < this.#samplesNeeded(ageMs)) return;
    this.#endWindow(this.#typicalMs(), nowMs);
    this.#beginWindow(nowMs);
  }

  /** The provider had too much to do: a timeout or a 429. */
  onDrop(nowMs: number): void {
    this.#hasDropped = true;
    this.#isStarting = false;
    if (!(nowMs - this.#droppedMs >= WINDOW_MS)) return;
    this.#droppedMs = nowMs;
    this.#limitBeforeDrops = Math.max(this.#limitBeforeDrops, this.#limit);
    this.#limit = this.#clamp(this.#limit * DROP_FACTOR);
  }

  // ---- Windows --------------------------------------------------------------------------------------------------------

  #beginWindow(nowMs: number): void {
    this.#windowStartMs = nowMs;
    this.#count = 0;
    this.#mostInFlight = 0;
    this.#hasDropped = false;
  }

  /** At least as many as are in flight: what a limit does to streams is seen when those that were there before it have ended. */
  #samplesNeeded(ageMs: number): number {
    if (this.#limitBeforeDrops > 0) return MIN_SAMPLES_RECOVERING;
    if (ageMs >= MAX_WINDOW_MS / 2) return MIN_SAMPLES_SLOW;
    return Math.max(this.#mostInFlight, this.#probe.kind === "measuring" ? BASELINE_SAMPLES : MIN_SAMPLES);
  }

  /** Reservoir sampling: each of the window's samples is kept with the same chance. */
  #keep(sampleMs: number): void {
    const index = this.#count < RESERVOIR ? this.#count : Math.floor(this.#random() * (this.#count + 1));
    if (index < RESERVOIR) this.#samples[index] = sampleMs;
    this.#count++;
  }

  /** The mean, with what is more than CLIP medians counted as that: steadier than a median, and no single sample moves it. */
  #typicalMs(): number {
    const sorted = this.#samples.subarray(0, Math.min(this.#count, RESERVOIR)).sort();
    const mostMs = (sorted[sorted.length >> 1] as number) * CLIP;
    let sum = 0;
    for (const each of sorted) sum += Math.min(each, mostMs);
    return sum / sorted.length;
  }

  #endWindow(typicalMs: number, nowMs: number): void {
    switch (this.#probe.kind) {
      case "none":
        this.#move(typicalMs, nowMs);
        return;
      case "descending":
        this.#descend(this.#probe.step + 1, nowMs);
        return;
      case "measuring":
        this.#endProbe(typicalMs, nowMs);
        return;
      default:
        this.#probe satisfies never;
    }
  }

  // ---- The limit ------------------------------------------------------------------------------------------------------

  #move(typicalMs: number, nowMs: number): void {
    if (this.#baselineMs === null) this.#setBaseline(typicalMs, nowMs);
    const baselineMs = this.#baselineMs as number;
    if (this.#mostInFlight < this.#limit * IN_USE_SHARE && this.#limitBeforeDrops === 0) {
      // Nothing queues on our account.
      this.#setBaseline((baselineMs + typicalMs) / 2, nowMs);
      return;
    }
    if (this.#isStarting && this.#doubles(typicalMs, baselineMs, nowMs)) return;
    const pointed = (this.#limit * baselineMs * (1 + TOLERANCE)) / typicalMs + HEADROOM * Math.sqrt(this.#limit);
    const target = this.#limit + (pointed - this.#limit) * SMOOTHING;
    if (target < this.#limit) this.#lower(target, nowMs);
    // Refusals in the window say more than the latency of those that were not refused.
    else if (!this.#hasDropped) this.#raise(target);
    const isDue = nowMs >= this.#probeAtMs || this.#limit >= this.#limitAtBaseline * MEASURE_ABOVE;
    if (isDue && this.#probe.kind === "none") this.#descend(0, nowMs);
  }

  /** As TCP's slow start: whatever the provider takes, the limit is there in a few windows. False: there is a queue, or a drop. */
  #doubles(typicalMs: number, baselineMs: number, nowMs: number): boolean {
    const isQueueing = typicalMs > baselineMs * (1 + TOLERANCE);
    if (!isQueueing && !this.#hasDropped && this.#limit < this.#max) {
      this.#limit = this.#clamp(this.#limit * 2);
      return true;
    }
    this.#isStarting = false;
    this.#limitAtBaseline = this.#limit;
    this.#probeAtMs = nowMs + FIRST_PROBE_MS * this.#jitter();
    return false;
  }

  #lower(target: number, nowMs: number): void {
    if (this.#limitBeforeDrops > 0 && target > this.#limit / 2) return;
    this.#limitBeforeDrops = 0;
    const least = Math.min(this.#limit, this.#limitAtBaseline * MEASURE_BELOW);
    this.#limit = this.#clamp(Math.max(target, this.#limit * MAX_STEP_DOWN, least));
    if (this.#limit <= least) this.#descend(0, nowMs);
  }

  #raise(target: number): void {
    const half = this.#limitBeforeDrops / 2;
    if (this.#limit < half) {
      this.#limit = this.#clamp(Math.min(this.#limit * 2, half));
      return;
    }
    this.#limitBeforeDrops = 0;
    this.#limit = this.#clamp(Math.min(target, this.#limit * MAX_STEP_UP + HEADROOM));
  }

  // ---- The baseline ---------------------------------------------------------------------------------------------------

  #setBaseline(typicalMs: number, nowMs: number): void {
    this.#baselineMs = typicalMs;
    this.#limitAtBaseline = this.#limit;
    this.#probeAtMs = nowMs + PROBE_EVERY_MS * this.#jitter();
  }

  #descend(step: number, nowMs: number): void {
    if (step < PROBE_STEPS.length) this.#probe = { kind: "descending", step };
    else this.#probe = { kind: "measuring", sinceMs: nowMs, fromMs: null };
  }

  #endProbe(typicalMs: number, nowMs: number): void {
    const isMuchLower = typicalMs < (this.#baselineMs as number) * MUCH_LOWER;
    this.#probe = NO_PROBE;
    this.#setBaseline(typicalMs, nowMs);
    // The one before was measured in a queue, and so may this one be.
    if (isMuchLower) this.#probeAtMs = nowMs + FIRST_PROBE_MS * this.#jitter();
  }

  #probeShare(): number {
    if (this.#probe.kind === "none") return 1;
    return PROBE_STEPS[this.#probe.kind === "descending" ? this.#probe.step : PROBE_STEPS.length - 1] as number;
  }

  /** Whether a sample is of a request that began when no more were in flight than the probe allows. */
  #isOfProbe(probe: Probe & { kind: "measuring" }, firstByteMs: number, inFlight: number, nowMs: number): boolean {
    if (nowMs - probe.sinceMs > MAX_WINDOW_MS) {
      // It does not empty, or too little comes: the next probe may find better conditions.
      this.#probe = NO_PROBE;
      this.#probeAtMs = nowMs + PROBE_EVERY_MS * this.#jitter();
      return true;
    }
    if (probe.fromMs === null && inFlight <= this.limit) {
      probe.fromMs = nowMs;
      this.#beginWindow(nowMs);
    }
    return probe.fromMs !== null && nowMs - firstByteMs >= probe.fromMs;
  }

  #jitter(): number {
    return 1 + PROBE_JITTER * (2 * this.#random() - 1);
  }

  #clamp(limit: number): number {
    return Math.min(this.#max, Math.max(this.#min, limit));
  }
}
