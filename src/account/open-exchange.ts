import type { GatewayError, UpstreamErrorType } from "../errors.ts";
import type { ExchangeObserver, ExchangeRecord, Outcome, Phase, Usage, UsageSource } from "../exchange.ts";
import { NO_USAGE } from "../lib/usage.ts";
import type { Priority } from "../policy.ts";

/** What an exchange holds until it is settled. */
export interface Held {
  settle(): void;
}

/** What an exchange may use of its caller's rates, until it is known what it used. */
export interface Reserved {
  /** Tokens that were really used; 0: it never reached a provider; null: nobody knows. */
  settle(tokens: number | null, nowMs: number): void;
  /** It was sent and not served: it used no tokens. */
  settleUnserved(nowMs: number): void;
}

/** A step of an exchange that takes time. */
export interface Step {
  /** Gives it up. */
  cancel(): void;
  /** Ends it with an error for the caller, where it has begun to answer. */
  cut?(error: GatewayError): void;
}

/** nginx's word for a caller that left before it was answered. */
const CALLER_LEFT_STATUS = 499;

/**
 * An exchange while it runs: collects what will be told about it, holds its permits, and settles exactly once on whatever
 * way out. Everything that counts hangs on `settle`.
 */
export class OpenExchange {
  readonly requestId: string;
  readonly startedMs: number;
  phase: Phase = "reading";
  caller = "anonymous";
  priority: Priority = "normal";
  endpoint = "unknown";
  group = "";
  provider = "";
  status = 0;
  isStream = false;
  attempts = 0;
  bytesIn = 0;
  bytesOut = 0;
  usage: Usage | null = null;
  upstreamErrorType: UpstreamErrorType | null = null;
  /** What the exchange is waiting for; given up when its caller leaves or the gateway stops. */
  step: Step | null = null;
  /** What it reserved of its caller's rates. */
  reserved: Reserved | null = null;
  /** Complete header lines of ours for whatever answers it; null where there are none, or once they are sent. */
  ownLines: (() => string) | null = null;
  readonly #startedAtMs: number;
  readonly #clock: () => number;
  readonly #observers: readonly ExchangeObserver[];
  /** Its caller's permits: the gateway's, and those of its key, its team and the model. */
  #held: Held[] | null = null;
  #firstByteMs: number | null = null;
  #ownSinceMs: number | null = null;
  #overheadMs = 0;
  #upstreamEndMs: number | null = null;
  #goneMs: number | null = null;
  #abortMs: number | null = null;
  #isSettled = false;

  constructor(options: {
    requestId: string;
    clock: () => number;
    wallClock: () => number;
    observers: readonly ExchangeObserver[];
  }) {
    this.requestId = options.requestId;
    this.#clock = options.clock;
    this.#observers = options.observers;
    this.startedMs = options.clock();
    this.#startedAtMs = options.wallClock();
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Keeps a permit until the exchange is settled; one that comes too late is given back at once. */
  hold(held: Held): void {
    if (this.#isSettled) held.settle();
    else if (this.#held === null) this.#held = [held];
    else this.#held.push(held);
  }

  /** From here on the time is the gateway's own … */
  startOwnWork(): void {
    this.#ownSinceMs = this.#clock();
  }

  /** … until here; nothing where it was not. */
  endOwnWork(): void {
    if (this.#ownSinceMs === null) return;
    this.#overheadMs += this.#clock() - this.#ownSinceMs;
    this.#ownSinceMs = null;
  }

  noteFirstByte(): void {
    this.#firstByteMs ??= this.#clock() - this.startedMs;
  }

  noteUpstreamEnd(): void {
    this.#upstreamEndMs = this.#clock();
  }

  /** The caller left. */
  onGone(): void {
    this.#goneMs ??= this.#clock();
    const { step } = this;
    if (step === null) this.noteUpstreamClosed();
    else step.cancel();
  }

  noteUpstreamClosed(): void {
    if (this.#goneMs !== null) this.#abortMs ??= this.#clock() - this.#goneMs;
  }

  /** Ends the exchange: gives back what it holds and tells the observers. A second call does nothing. */
  settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.phase = "done";
    this.step = null;
    this.ownLines = null;
    const nowMs = this.#clock();
    for (const held of this.#held ?? []) held.settle();
    this.#held = null;
    const isUnserved = this.usage === null && (outcome.kind === "failed" || outcome.kind === "provider-error");
    const tokens = tokensOf(this.usage);
    if (this.attempts === 0) this.reserved?.settle(0, nowMs);
    else if (isUnserved || tokens === 0) this.reserved?.settleUnserved(nowMs);
    else this.reserved?.settle(tokens, nowMs);
    this.reserved = null;
    if (this.#upstreamEndMs !== null) this.#overheadMs += nowMs - this.#upstreamEndMs;
    const usageSource: UsageSource = this.usage === null ? "none" : "provider";
    const record: ExchangeRecord = {
      requestId: this.requestId,
      caller: this.caller,
      endpoint: this.endpoint,
      group: this.group,
      provider: this.provider,
      status: this.status === 0 && outcome.kind === "cancelled" ? CALLER_LEFT_STATUS : this.status,
      isStream: this.isStream,
      attempts: this.attempts,
      startedAtMs: this.#startedAtMs,
      totalMs: nowMs - this.startedMs,
      firstByteMs: this.#firstByteMs,
      overheadMs: this.#overheadMs,
      abortMs: this.#abortMs,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      usage: this.usage ?? NO_USAGE,
      usageSource,
      outcome,
      upstreamErrorType: this.upstreamErrorType,
    };
    for (const observer of this.#observers) observer.onSettled(record);
  }
}

/** What counts against a limit of tokens per minute: all that was read and written. */
export function tokensOf(usage: Usage | null): number | null {
  if (usage === null || (usage.inputTokens === null && usage.outputTokens === null)) return null;
  return (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
}
