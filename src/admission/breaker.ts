/**
 * Takes a deployment that fails out of traffic, and brings it back one request at a time.
 *
 *   closed => open          failures in a row, or their share in a sliding window
 *   open => half-open       its time is over and somebody comes
 *   half-open => closed     the one probe succeeded
 *   half-open => open       the one probe failed; it stays open twice as long as the last time
 *
 * - Whether to open is asked at each failure, never at a success: what has just answered is not shut out.
 * - What was sent before the last opening says nothing of what came after it. While open or half-open such results are dropped;
 *   once closed again they are told by their start (`enteredAtMs`), as gobreaker does by its generations ("Counts ignores the
 *   results of the requests sent before clearing", https://pkg.go.dev/github.com/sony/gobreaker). Otherwise a hundred requests
 *   that hung when the breaker opened would open it again one after the other as they time out.
 * - Rejected: a timer that half-opens it (nobody needs the state before somebody asks); letting several probes through (one
 *   request in doubt is enough, and the slow start spares the rest).
 */
import { SlidingWindow } from "../lib/sliding-window.ts";
import type { BreakerSettings } from "../policy.ts";
import { growingWaitMs } from "./growing-wait.ts";

export type BreakerState =
  | { readonly kind: "closed" }
  /** `round`: how many times it has opened without being well in between, from 0. */
  | { readonly kind: "open"; readonly untilMs: number; readonly round: number }
  | { readonly kind: "half-open"; readonly isProbing: boolean };

/** `probe`: the one request that decides whether it closes. */
export type BreakerEntry = "pass" | "probe";

/** `neutral`: nothing was learnt (the caller left, its own 4xx, a 429). */
export type BreakerResult = "success" | "failure" | "neutral";

export type BreakerOptions = {
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly onChange?: (state: BreakerState["kind"]) => void;
};

/**
 * Open times lie between these, except where the settings themselves lie outside: an `openMs` below a second or above a minute is
 * an operator's own word, so it moves the bound to itself.
 */
const MIN_OPEN_MS = 1_000;
const MAX_OPEN_MS = 60_000;
/** Envoy's `min_weight_percent` (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start). */
const SLOW_START_FLOOR = 0.1;
/** While the probe is out nobody knows when it ends: asking again after the shortest open time is soon enough. */
const PROBE_WAIT_MS = 1_000;

const CLOSED: BreakerState = { kind: "closed" };
const HALF_OPEN: BreakerState = { kind: "half-open", isProbing: false };
const PROBING: BreakerState = { kind: "half-open", isProbing: true };

export class Breaker {
  #settings: BreakerSettings;
  readonly #random: () => number;
  readonly #onChange: ((state: BreakerState["kind"]) => void) | null;
  #state: BreakerState = CLOSED;
  #consecutive = 0;
  /** Made with the first result: most deployments of a large config are never asked. */
  #window: SlidingWindow | null = null;
  /** When it last closed; what was sent earlier no longer counts. */
  #closedAtMs = Number.NEGATIVE_INFINITY;
  /** For the next opening. */
  #round = 0;
  #lastOpenMs = 0;

  constructor(settings: BreakerSettings, { random, onChange }: BreakerOptions) {
    this.#settings = settings;
    this.#random = random;
    this.#onChange = onChange ?? null;
  }

  /** State and counts are kept; the new numbers hold from the next result on, and an open breaker stays so as long as it was told. */
  reconfigure(settings: BreakerSettings): void {
    this.#settings = settings;
    this.#window?.resize(settings.windowMs);
  }

  /** Open with its time over reads as half-open, though it becomes so with the next `enter`. */
  state(nowMs: number): BreakerState {
    return this.#state.kind === "open" && nowMs >= this.#state.untilMs ? HALF_OPEN : this.#state;
  }

  /** Asks to pass. null: refused. Who passes is told of with `leave`, once, however it ends. */
  enter(nowMs: number): BreakerEntry | null {
    const state = this.#state;
    if (state.kind === "closed") return "pass";
    if (state.kind === "open" ? nowMs < state.untilMs : state.isProbing) return null;
    this.#become(PROBING, state.kind === "open");
    return "probe";
  }

  /** What became of an entry. `enteredAtMs`: when it entered; without it the result is taken as of now. */
  leave(entry: BreakerEntry, result: BreakerResult, nowMs: number, enteredAtMs: number = nowMs): void {
    if (entry === "probe") {
      this.#leaveProbe(result, nowMs);
      return;
    }
    if (result === "neutral" || this.#state.kind !== "closed" || enteredAtMs < this.#closedAtMs) return;
    this.#window ??= new SlidingWindow(this.#settings.windowMs);
    const isFailure = result === "failure";
    this.#window.count(isFailure, nowMs);
    if (!isFailure) {
      this.#consecutive = 0;
      return;
    }
    this.#consecutive++;
    if (this.#isTooMuch(this.#window)) this.#open(nowMs, false);
  }

  /**
   * The share of its usual traffic that it should get: from a tenth, straight up to all of it, within `slowStartMs` of its
   * closing. Half-open it is a tenth as well, so that a probe is sent where others are ready; 0 where nobody is let through.
   */
  share(nowMs: number): number {
    const state = this.#state;
    if (state.kind === "closed") {
      const sinceMs = nowMs - this.#closedAtMs;
      const { slowStartMs } = this.#settings;
      if (sinceMs >= slowStartMs) return 1;
      return SLOW_START_FLOOR + (1 - SLOW_START_FLOOR) * (Math.max(0, sinceMs) / slowStartMs);
    }
    return this.retryAtMs(nowMs) === null ? SLOW_START_FLOOR : 0;
  }

  /** When it would let somebody through again; null: it would now. */
  retryAtMs(nowMs: number): number | null {
    const state = this.#state;
    switch (state.kind) {
      case "closed":
        return null;
      case "open":
        return nowMs < state.untilMs ? state.untilMs : null;
      case "half-open":
        return state.isProbing ? nowMs + PROBE_WAIT_MS : null;
      default:
        return state satisfies never;
    }
  }

  #isTooMuch({ total, failures }: SlidingWindow): boolean {
    const { consecutive, failureShare, minimum } = this.#settings;
    return this.#consecutive >= consecutive || (total >= minimum && failures / total >= failureShare);
  }

  #leaveProbe(result: BreakerResult, nowMs: number): void {
    // A probe that was told of twice: the first word counted.
    if (this.#state !== PROBING) return;
    switch (result) {
      case "success":
        this.#closedAtMs = nowMs;
        this.#consecutive = 0;
        this.#window?.clear();
        this.#become(CLOSED, true);
        return;
      case "failure":
        this.#open(nowMs, true);
        return;
      case "neutral":
        this.#become(HALF_OPEN, false);
        return;
      default:
        result satisfies never;
    }
  }

  #open(nowMs: number, hasProbeFailed: boolean): void {
    if (!hasProbeFailed && this.#hasBeenWell(nowMs)) this.#round = 0;
    const { openMs } = this.#settings;
    const wishedMs = growingWaitMs(openMs, this.#round, Math.max(MAX_OPEN_MS, openMs), this.#random);
    this.#lastOpenMs = Math.max(wishedMs, Math.min(MIN_OPEN_MS, openMs));
    const untilMs = nowMs + this.#lastOpenMs;
    this.#become({ kind: "open", untilMs, round: this.#round++ }, true);
  }

  /**
   * Whether the last opening is forgotten: closed for a whole window (no older failure is in sight), for the slow start (it has
   * carried its full traffic), and for as long as it was last open (who falls again sooner is down as often as up). Without it,
   * one that flaps would be tried at the pace of the first time for ever.
   */
  #hasBeenWell(nowMs: number): boolean {
    const { windowMs, slowStartMs } = this.#settings;
    return nowMs - this.#closedAtMs >= Math.max(windowMs, slowStartMs, this.#lastOpenMs);
  }

  #become(state: BreakerState, isNews: boolean): void {
    this.#state = state;
    if (isNews) this.#onChange?.(state.kind);
  }
}
