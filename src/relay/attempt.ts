import type { GatewayError, UpstreamErrorType } from "../errors.ts";
import type { Phase } from "../exchange.ts";
import type { UpstreamCall } from "../wire/upstream-call.ts";
import type { Usage } from "../exchange.ts";
import type { RelayEnd, RelayEvents } from "./answer-relay.ts";

/** What moves an answer: passing it, translating it, or an upgraded connection. */
export interface Relay {
  /** The status for the caller; 0 until there is one. */
  readonly status: number;
  readonly isStream: boolean;
  /** The last usage the provider told. */
  readonly usage: Usage | null;
  attach(call: UpstreamCall): void;
  /** What an answer that went through tells of its provider: an error in the place of an answer. */
  faultOfProvider(): UpstreamErrorType | null;
  cut(error: GatewayError): void;
  onError(error: GatewayError): void;
}

/** What an attempt tells about, and where its end goes: the exchange it belongs to. */
export interface AttemptOwner {
  phase: Phase;
  noteFirstByte(): void;
  noteUpstreamEnd(): void;
  noteUpstreamClosed(): void;
}

/** Whoever settles: told once how the attempt ended. */
export interface AttemptJudge<Owner> {
  onAttemptEnd(attempt: Attempt<Owner>, end: RelayEnd | { readonly kind: "cancelled" }): void;
}

/**
 * One try at one deployment: the call to the provider and the relay of its answer. One object and no closures: ten thousand
 * of these live at once, and each closure would cost more than the object.
 */
export class Attempt<Owner> implements RelayEvents {
  readonly owner: Owner & AttemptOwner;
  relay: Relay | null = null;
  /** Tries once more with another credential; gone once bytes have reached the caller. */
  again: (() => void) | null = null;
  /** Told when the provider refused the credential. */
  onRefused: ((status: number, retryAfter: string | null) => void) | null = null;
  #call: UpstreamCall | null = null;
  readonly #judge: AttemptJudge<Owner>;

  constructor(owner: Owner & AttemptOwner, judge: AttemptJudge<Owner>) {
    this.owner = owner;
    this.#judge = judge;
  }

  /** The relay and its call, before the call starts. */
  attach(relay: Relay, call: UpstreamCall): void {
    this.relay = relay;
    this.#call = call;
    relay.attach(call);
  }

  onFirstByte(): void {
    this.again = null;
    this.owner.phase = "streaming";
    this.owner.noteFirstByte();
  }

  onProviderDone(): void {
    this.owner.noteUpstreamEnd();
  }

  onEnd(end: RelayEnd): void {
    this.#judge.onAttemptEnd(this, end);
  }

  /** The caller left: the provider's connection is closed before this returns. */
  cancel(): void {
    const call = this.#call;
    if (call !== null) {
      if (call.phase === "connecting" || call.phase === "waiting") this.owner.phase = call.phase;
      call.abort();
    }
    this.owner.noteUpstreamClosed();
    this.#judge.onAttemptEnd(this, { kind: "cancelled" });
  }

  /** The gateway ends it: what streams is told to be cut, what is not answered gets the error. */
  cut(error: GatewayError): void {
    this.relay?.cut(error);
  }

  /** The request's own body turned out to be wrong while it was on its way. */
  fail(error: GatewayError): void {
    this.#call?.abort();
    this.relay?.onError(error);
  }
}
