/**
 * Deadlines for tens of thousands of connections at the price of one timer.
 *
 * A deadline is usually moved (every chunk moves an idle timeout), so moving must cost nothing: it only writes a field, and
 * the wheel looks again when the old time is reached. A setTimeout per chunk would allocate and reschedule each time.
 * The tick runs only while something waits, so an idle gateway never wakes up for it.
 */
export interface DeadlineOwner {
  /** When it is due, in the wheel's milliseconds; Infinity: not at present. Written by `TimerWheel.set` (or later, by hand). */
  deadlineMs: number;
  /** Called once when due; the owner is off the wheel then and may set itself again. */
  onDeadline(nowMs: number): void;
}

export type WheelTicker = (tickMs: number, tick: () => void) => () => void;

const SLOTS = 512;

const startIntervalTicker: WheelTicker = (tickMs, tick) => {
  const timer = setInterval(tick, tickMs);
  return () => clearInterval(timer);
};

export class TimerWheel {
  /** Time as of the last tick or `refresh`: good to a tick, and free to read on the data path. */
  nowMs: number;

  readonly #slots: Set<DeadlineOwner>[] = [];
  /** The tick at which each armed owner is looked at next. */
  readonly #tickOf = new Map<DeadlineOwner, number>();
  readonly #tickMs: number;
  readonly #clock: () => number;
  readonly #startTicker: WheelTicker;
  #lastTick: number;
  #stopTicker: (() => void) | null = null;

  constructor(options: { tickMs?: number; clock?: () => number; startTicker?: WheelTicker } = {}) {
    this.#tickMs = options.tickMs ?? 50;
    this.#clock = options.clock ?? (() => performance.now());
    this.#startTicker = options.startTicker ?? startIntervalTicker;
    this.nowMs = this.#clock();
    this.#lastTick = Math.floor(this.nowMs / this.#tickMs);
    for (let index = 0; index < SLOTS; index++) this.#slots.push(new Set());
  }

  get size(): number {
    return this.#tickOf.size;
  }

  /** Reads the clock now; call where an exact time matters (the start of an exchange). */
  refresh(): number {
    this.nowMs = this.#clock();
    return this.nowMs;
  }

  /** Sets an owner's deadline. Later than before costs a field; only an earlier one moves it in the wheel. */
  set(owner: DeadlineOwner, deadlineMs: number): void {
    owner.deadlineMs = deadlineMs;
    const armedTick = this.#tickOf.get(owner);
    if (armedTick !== undefined && armedTick * this.#tickMs <= deadlineMs) return;
    this.#arm(owner, armedTick);
  }

  /** Takes an owner off the wheel for good; harmless when it is not on it. */
  remove(owner: DeadlineOwner): void {
    const armedTick = this.#tickOf.get(owner);
    if (armedTick === undefined) return;
    this.#slotAt(armedTick).delete(owner);
    this.#tickOf.delete(owner);
    if (this.#tickOf.size === 0) this.#stop();
  }

  /** Sweeps every slot whose time has come. */
  tick(): void {
    const nowMs = this.refresh();
    const target = Math.floor(nowMs / this.#tickMs);
    const from = Math.max(this.#lastTick + 1, target - SLOTS + 1);
    this.#lastTick = target;
    for (let tick = from; tick <= target; tick++) {
      const slot = this.#slotAt(tick);
      if (slot.size === 0) continue;
      for (const owner of [...slot]) {
        // An earlier owner's callback may have removed or moved this one.
        if (!slot.delete(owner)) continue;
        this.#tickOf.delete(owner);
        if (owner.deadlineMs <= nowMs) owner.onDeadline(nowMs);
        else this.#arm(owner, undefined);
      }
    }
    if (this.#tickOf.size === 0) this.#stop();
  }

  #arm(owner: DeadlineOwner, armedTick: number | undefined): void {
    if (armedTick !== undefined) this.#slotAt(armedTick).delete(owner);
    if (this.#stopTicker === null) {
      this.#lastTick = Math.floor(this.refresh() / this.#tickMs);
      this.#stopTicker = this.#startTicker(this.#tickMs, () => this.tick());
    }
    // Never into a slot already swept; at the farthest one turn ahead, where it is looked at again.
    const dueTick = Math.ceil(owner.deadlineMs / this.#tickMs);
    const tick = Math.min(Math.max(dueTick, this.#lastTick + 1), this.#lastTick + SLOTS - 1);
    this.#slotAt(tick).add(owner);
    this.#tickOf.set(owner, tick);
  }

  #slotAt(tick: number): Set<DeadlineOwner> {
    return this.#slots[tick % SLOTS] as Set<DeadlineOwner>;
  }

  #stop(): void {
    this.#stopTicker?.();
    this.#stopTicker = null;
  }
}
