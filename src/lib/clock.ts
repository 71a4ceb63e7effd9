/** Takes back a scheduled call; harmless once the call was made or taken back. */
export type Cancel = () => void;

/** Calls `run` once, `delayMs` from now. Who schedules owns the cancel. */
export type Schedule = (delayMs: number, run: () => void) => Cancel;

/** What time it is, as a parameter, so that tests need no sleeping. */
export interface Clock {
  /** Milliseconds that only ever grow, from an arbitrary start: for durations and deadlines. */
  nowMs(): number;
  /** Milliseconds since 1970: for what people read. It may jump. */
  wallMs(): number;
}

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** `setTimeout` as a Schedule: for the few long waits of a process, not one per request. */
export const scheduleTimeout: Schedule = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};

type ScheduledCall = { readonly atMs: number; readonly order: number; readonly run: () => void };

/** Time that moves only when a test says so; calls are made in order of their time, then of their scheduling. */
export class SimulatedClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #wallOffsetMs: number;
  readonly #calls = new Set<ScheduledCall>();

  constructor(nowMs = 0, wallMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs;
    this.#wallOffsetMs = wallMs - nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  /** Calls that wait for their time; 0 at the end of a test shows that every timer was ended. */
  get pending(): number {
    return this.#calls.size;
  }

  /** A field, not a method, so that it can be passed on without its object. */
  readonly schedule: Schedule = (delayMs, run) => {
    const call = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#calls.add(call);
    return () => void this.#calls.delete(call);
  };

  /** Moves on by `deltaMs`, making every call whose time comes on the way, those made by other calls included. */
  advance(deltaMs: number): void {
    const untilMs = this.#nowMs + deltaMs;
    for (let call = this.#takeNext(untilMs); call !== null; call = this.#takeNext(untilMs)) {
      this.#nowMs = call.atMs;
      call.run();
    }
    this.#nowMs = untilMs;
  }

  #takeNext(untilMs: number): ScheduledCall | null {
    let next: ScheduledCall | null = null;
    for (const call of this.#calls) {
      if (call.atMs > untilMs) continue;
      if (next === null || call.atMs < next.atMs || (call.atMs === next.atMs && call.order < next.order)) next = call;
    }
    if (next !== null) this.#calls.delete(next);
    return next;
  }
}
