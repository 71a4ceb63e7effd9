/**
 * How the gateway ends: what was begun is finished, nothing new is begun, and it does end.
 *
 *   running ─signal─► draining ─delay─► refusing ─timeout─► cutting ─► done
 *                                          └── nothing in flight ──────► done
 *
 * draining: not ready, so that nobody is sent here any more, but callers who have not heard yet are still served.
 * refusing: no new connections; what runs may finish. The timeout counts from here, so an orchestrator should allow
 * delay + timeout + a few seconds. cutting: what is left is told so with an error event, and given a moment to leave.
 * A second signal, whenever it comes, ends at once.
 */
import type { Cancel, Schedule } from "../lib/clock.ts";

export type DrainState = "running" | "draining" | "refusing" | "cutting" | "done";

export type DrainOptions = {
  readonly schedule: Schedule;
  /** Read when the signal comes: the config of that moment. */
  settings(): { readonly delayMs: number; readonly timeoutMs: number };
  /** Exchanges that are open. */
  inFlight(): number;
  onNotReady(): void;
  onStopAccepting(): void;
  /** End what is left, with an error its callers understand. */
  onCut(): void;
  onDone(exitCode: 0): void;
  /** A second signal: no more waiting. */
  onEndNow(): void;
};

/** An error event is a few hundred bytes: who has not taken it after this does not read. */
const CUT_GRACE_MS = 2_000;

export class Drain {
  readonly #options: DrainOptions;
  #state: DrainState = "running";
  #timeoutMs = 0;
  #cancelTimer: Cancel | null = null;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  get state(): DrainState {
    return this.#state;
  }

  get isDraining(): boolean {
    return this.#state !== "running";
  }

  /** SIGTERM or SIGINT. The first begins the drain, the second ends it. */
  signal(): void {
    switch (this.#state) {
      case "running": {
        const { delayMs, timeoutMs } = this.#options.settings();
        this.#state = "draining";
        this.#timeoutMs = timeoutMs;
        this.#options.onNotReady();
        if (delayMs > 0) this.#wait(delayMs, () => this.#refuse());
        else this.#refuse();
        return;
      }
      case "draining":
      case "refusing":
      case "cutting":
        this.#finish();
        this.#options.onEndNow();
        return;
      case "done":
        return;
      default:
        this.#state satisfies never;
    }
  }

  /** To be called whenever an exchange ended. */
  onExchangeEnded(): void {
    if (this.#state === "refusing" || this.#state === "cutting") this.#endIfEmpty();
  }

  #refuse(): void {
    this.#state = "refusing";
    this.#options.onStopAccepting();
    this.#endIfEmpty();
    if (this.#state === "refusing") this.#wait(this.#timeoutMs, () => this.#cut());
  }

  #cut(): void {
    this.#state = "cutting";
    this.#options.onCut();
    this.#endIfEmpty();
    if (this.#state === "cutting") this.#wait(CUT_GRACE_MS, () => this.#end());
  }

  #endIfEmpty(): void {
    if (this.#options.inFlight() === 0) this.#end();
  }

  #end(): void {
    if (this.#state === "done") return;
    this.#finish();
    this.#options.onDone(0);
  }

  #finish(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#state = "done";
  }

  #wait(delayMs: number, then: () => void): void {
    this.#cancelTimer = this.#options.schedule(delayMs, then);
  }
}
