import type { Held, Reserved } from "../account/open-exchange.ts";
import type { GatewayError } from "../errors.ts";
import type { ChosenCredential } from "./credentials.ts";
import type { Outgoing, Plan } from "./outgoing.ts";
import type { CommitGate, GateKeeper, HeldAnswer } from "../relay/commit-gate.ts";
import type { RelayEnd, RelayEvents } from "../relay/answer-relay.ts";
import type { Relay } from "../relay/relay.ts";
import type { UpstreamCall } from "../wire/upstream-call.ts";
import type { LiveCandidate } from "./live-deployments.ts";

/** Who makes attempts: told what becomes of each. */
export interface AttemptOwner {
  onAnswer(attempt: Attempt): Relay | null;
  onErrorAnswer(attempt: Attempt, answer: HeldAnswer): boolean;
  onFirstByte(attempt: Attempt): void;
  onProviderDone(): void;
  onAttemptEnd(attempt: Attempt, end: RelayEnd): void;
}

/** How an attempt ended for the deployment it was made at. */
export type AttemptResult = "success" | "failure" | "neutral";

/**
 * One try at one deployment: its call, the gate before the caller, the relay behind it, and what it holds. One object and no
 * closures: ten thousand of these live at once, and each closure would cost more than the object.
 */
export class Attempt implements RelayEvents, GateKeeper {
  readonly candidate: LiveCandidate;
  /** Where it goes and what is sent; gone once bytes have reached the caller. */
  plan: Plan | null;
  outgoing: Outgoing | null;
  /** Beside another one that was slow. */
  readonly isHedge: boolean;
  relay: Relay | null = null;
  call: UpstreamCall | null = null;
  gate: CommitGate | null = null;
  credential: ChosenCredential | null = null;
  /** When its call began; 0 before. */
  startedMs = 0;
  /** First byte of a good answer, after the start; null before. */
  firstByteMs: number | null = null;
  /** What became of it is known to breaker and credentials. */
  isJudged = false;
  #entry: "pass" | "probe" | null = null;
  #enteredMs = 0;
  #provider: Held | null = null;
  #deployment: Held | null = null;
  #reserved: Reserved | null = null;
  #isOver = false;
  readonly #owner: AttemptOwner;

  constructor(owner: AttemptOwner, candidate: LiveCandidate, plan: Plan, outgoing: Outgoing, isHedge: boolean) {
    this.#owner = owner;
    this.candidate = candidate;
    this.plan = plan;
    this.outgoing = outgoing;
    this.isHedge = isHedge;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** A permit; one that comes too late is given back at once. */
  hold(permit: Held): void {
    if (this.#isOver) permit.settle();
    else if (this.#provider === null) this.#provider = permit;
    else this.#deployment = permit;
  }

  /** Its share of the deployment's rates, and the breaker's leave to go. */
  enter(entry: "pass" | "probe", reserved: Reserved | null, nowMs: number): void {
    this.#entry = entry;
    this.#enteredMs = nowMs;
    this.#reserved = reserved;
    this.candidate.live.inFlight++;
  }

  /** Tells breaker and credentials what became of it; the first word counts. */
  judge(result: AttemptResult, nowMs: number): void {
    if (this.isJudged) return;
    this.isJudged = true;
    if (this.#entry !== null) this.candidate.live.breaker.leave(this.#entry, result, nowMs, this.#enteredMs);
  }

  /** The first byte of a good answer. A probe has told all it was sent for: its stream may last for minutes. */
  noteFirstByte(firstByteMs: number, nowMs: number): void {
    this.firstByteMs = firstByteMs;
    if (this.#entry === "probe") this.judge("success", nowMs);
  }

  /** It is over: gives back what it holds, once. `tokens`: what it used; null: nobody knows. */
  end(tokens: number | null | "unserved", nowMs: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.judge("neutral", nowMs);
    if (this.#entry !== null) this.candidate.live.inFlight--;
    if (this.startedMs === 0) this.#reserved?.settle(0, nowMs);
    else if (tokens === "unserved" || tokens === 0) this.#reserved?.settleUnserved(nowMs);
    else this.#reserved?.settle(tokens, nowMs);
    this.#reserved = null;
    this.#provider?.settle();
    this.#deployment?.settle();
    this.#provider = null;
    this.#deployment = null;
    this.gate?.close();
    this.gate = null;
    this.plan = null;
    this.outgoing = null;
  }

  /** Nobody wants it any more: the provider's connection is closed before this returns. */
  abandon(nowMs: number, tokens: number | null = null): void {
    this.gate?.close();
    this.call?.abort();
    this.end(tokens, nowMs);
  }

  // ---- From the gate ------------------------------------------------------------------------------------------------------

  onAnswer(): Relay | null {
    return this.#owner.onAnswer(this);
  }

  onErrorAnswer(answer: HeldAnswer): boolean {
    return this.#owner.onErrorAnswer(this, answer);
  }

  onFailed(error: GatewayError): void {
    this.#owner.onAttemptEnd(this, { kind: "unanswered", error });
  }

  // ---- From the relay -----------------------------------------------------------------------------------------------------

  onFirstByte(): void {
    this.#owner.onFirstByte(this);
  }

  onProviderDone(): void {
    this.#owner.onProviderDone();
  }

  onEnd(end: RelayEnd): void {
    this.#owner.onAttemptEnd(this, end);
  }

  /** The request's own body turned out to be wrong while it was on its way. */
  fail(error: GatewayError): void {
    this.call?.abort();
    if (this.relay === null) this.onFailed(error);
    else this.relay.onError(error);
  }
}
