import { GatewayError } from "../errors.ts";
import type { Timeouts } from "../exchange.ts";
import type { DeadlineOwner, TimerWheel } from "../lib/timer-wheel.ts";
import type { BodySlices } from "./chunked.ts";
import type { ConnectionPool, ConnectionSeeker } from "./connection-pool.ts";
import type { Dial } from "./dial.ts";
import type { ResponseHead } from "./response-head.ts";
import type { ConnectionUser, UpstreamConnection } from "./upstream-connection.ts";

/** A request as it goes to a provider. */
export type CallRequest = {
  readonly method: string;
  /** Request line and headers, and the body behind them where it is small. */
  readonly bytes: Buffer;
  /** A body that is not in `bytes`; null when there is none or when it follows through `send`. */
  readonly body: Buffer | null;
  /** Whether the body follows through `send`: then the request cannot be replayed. */
  readonly isStreamed: boolean;
};

/** What a call tells; `onEnd`, `onError` and `onUpgraded` end it, once. */
export interface CallListener {
  onHead(head: ResponseHead): void;
  onBody(bytes: Buffer, slices: BodySlices): void;
  onEnd(): void;
  onError(error: GatewayError): void;
  /** A streamed request's body may go on. */
  onWritable(): void;
  onUpgraded(head: ResponseHead, rest: Buffer | null): void;
  onUpgradedData(bytes: Buffer): void;
  onUpgradedClose(): void;
}

export type CallPhase = "connecting" | "waiting" | "streaming" | "upgraded" | "done";

/**
 * One request to a provider and its answer, under the four timeouts.
 *
 * A pooled connection may have died while it was idle. If it breaks before any byte of an answer came, the request goes out
 * once more on a new connection: the provider cannot have begun to answer it (RFC 9112 section 9.3.1).
 */
export class UpstreamCall implements ConnectionUser, ConnectionSeeker, DeadlineOwner {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly method: string;
  phase: CallPhase = "connecting";
  readonly #pool: ConnectionPool;
  /** Kept until an answer begins: until then it may have to be sent again. */
  #request: CallRequest | null;
  readonly #timeouts: Timeouts;
  #listener: CallListener;
  readonly #wheel: TimerWheel;
  readonly #totalDeadlineMs: number;
  #connection: UpstreamConnection | null = null;
  #dial: Dial | null = null;
  #isOnPooled = false;
  #isPaused = false;
  #hasBody = false;
  #lastActivityMs = 0;
  /** Unsent bytes when the first-byte clock was set, to see whether the provider takes them. */
  #unsentBefore = 0;
  #unsent: Buffer[] | null;
  #isBodyComplete: boolean;

  constructor(
    pool: ConnectionPool,
    request: CallRequest,
    options: { timeouts: Timeouts; totalDeadlineMs: number; wheel: TimerWheel; listener: CallListener },
  ) {
    this.#pool = pool;
    this.#request = request;
    this.method = request.method;
    this.#timeouts = options.timeouts;
    this.#totalDeadlineMs = options.totalDeadlineMs;
    this.#wheel = options.wheel;
    this.#listener = options.listener;
    this.#unsent = request.isStreamed ? [] : null;
    this.#isBodyComplete = !request.isStreamed;
  }

  /** Sends it, on an idle connection where there is one. */
  start(): void {
    // A body that cannot be sent twice never risks a connection that may be dead already.
    const idle = this.#unsent !== null ? null : this.#pool.takeIdle();
    if (idle === null) this.#connect();
    else {
      this.#isOnPooled = true;
      this.#begin(idle);
    }
  }

  /** From here on somebody else listens. */
  handOver(listener: CallListener): void {
    this.#listener = listener;
  }

  /** Bytes of a streamed body the provider has not taken. */
  get unsentBytes(): number {
    if (this.#connection === null) {
      let bytes = 0;
      for (const piece of this.#unsent ?? []) bytes += piece.length;
      return bytes;
    }
    return this.#connection.unsentBytes;
  }

  /** More of a streamed body. */
  send(bytes: Buffer, isLast: boolean): void {
    if (this.phase === "done") return;
    this.#isBodyComplete = isLast;
    if (this.#connection === null) {
      this.#unsent?.push(bytes);
      return;
    }
    this.#connection.send(bytes, isLast);
    this.#unsentBefore = this.unsentBytes;
    // The provider's time to answer runs from the end of the request.
    if (this.phase === "waiting") this.#arm(this.#timeouts.firstByteMs);
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#connection?.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#lastActivityMs = this.#wheel.nowMs;
    this.#connection?.resume();
  }

  /** Gives it up: the provider's connection is closed before this returns, and the listener hears nothing more. */
  abort(): void {
    if (this.phase === "done") return;
    this.#end();
    this.#dial?.cancel();
    this.#dial = null;
    this.#connection?.destroy();
    this.#connection = null;
  }

  /** Bytes of the other protocol, after an upgrade; returns whether the socket took them all. */
  sendUpgraded(bytes: Buffer): boolean {
    this.#connection?.send(bytes, true);
    return this.unsentBytes === 0;
  }

  // ---- From the connection --------------------------------------------------------------------------------------------

  onHead(head: ResponseHead): void {
    this.phase = "streaming";
    this.#request = null;
    // A head alone is no first byte of an answer.
    this.#arm(Math.min(this.#timeouts.idleMs, this.#timeouts.firstByteMs));
    this.#hasBody = false;
    this.#listener.onHead(head);
  }

  onBody(bytes: Buffer, slices: BodySlices): void {
    this.#lastActivityMs = this.#wheel.nowMs;
    this.#hasBody = true;
    this.#listener.onBody(bytes, slices);
  }

  onEnd(): void {
    if (this.phase === "done") return;
    this.#end();
    this.#connection = null;
    this.#listener.onEnd();
  }

  onBroken(error: GatewayError, gotBytes: boolean): void {
    if (this.phase === "done") return;
    this.#connection = null;
    if (this.#isOnPooled && !gotBytes) {
      this.#isOnPooled = false;
      this.#connect();
      return;
    }
    this.#end();
    this.#listener.onError(error);
  }

  onWritable(): void {
    if (this.phase === "waiting") this.#arm(this.#timeouts.firstByteMs);
    if (!this.#isBodyComplete || this.phase === "upgraded") this.#listener.onWritable();
  }

  onUpgraded(head: ResponseHead, rest: Buffer | null): void {
    this.phase = "upgraded";
    this.#wheel.remove(this);
    this.#listener.onUpgraded(head, rest);
  }

  onUpgradedData(bytes: Buffer): void {
    this.#listener.onUpgradedData(bytes);
  }

  onUpgradedClose(): void {
    this.#connection = null;
    this.phase = "done";
    this.#listener.onUpgradedClose();
  }

  // ---- Time -------------------------------------------------------------------------------------------------------------

  onDeadline(nowMs: number): void {
    if (this.phase === "done") return;
    if (nowMs >= this.#totalDeadlineMs) {
      // A caller that does not read is not the provider's fault.
      const whose = this.#isPaused ? null : "timeout_total";
      this.#expire(whose, `The request took longer than its total of ${this.#timeouts.totalMs} ms.`);
      return;
    }
    if (this.phase === "waiting" && this.#isRequestMoving()) {
      this.#arm(this.#timeouts.firstByteMs);
      return;
    }
    const isStreaming = this.phase === "streaming";
    const { idleMs, firstByteMs } = this.#timeouts;
    const silenceMs = this.#hasBody ? idleMs : Math.min(idleMs, firstByteMs);
    if (isStreaming && (this.#isPaused || this.#lastActivityMs + silenceMs > nowMs)) {
      // Silence counts only while we listen: a caller that stalls is not the provider's fault.
      const sinceMs = this.#isPaused ? nowMs : this.#lastActivityMs;
      this.#wheel.set(this, Math.min(sinceMs + silenceMs, this.#totalDeadlineMs));
      return;
    }
    if (isStreaming) {
      this.#expire("timeout_idle", `The provider sent nothing for ${silenceMs} ms.`);
    } else if (this.phase === "waiting") {
      this.#expire(
        "timeout_first_byte",
        `The provider did not begin to answer within ${this.#timeouts.firstByteMs} ms.`,
      );
    } else {
      this.#expire("timeout_connect", `The provider could not be connected within ${this.#timeouts.connectMs} ms.`);
    }
  }

  /** Whether the request is still on its way: the caller owes the rest of it, or the provider has taken some since we looked. */
  #isRequestMoving(): boolean {
    const { unsentBytes } = this;
    const isMoving = unsentBytes === 0 ? !this.#isBodyComplete : unsentBytes < this.#unsentBefore;
    this.#unsentBefore = unsentBytes;
    return isMoving;
  }

  #expire(
    upstreamType: "timeout_total" | "timeout_idle" | "timeout_first_byte" | "timeout_connect" | null,
    message: string,
  ): void {
    this.abort();
    this.#listener.onError(
      new GatewayError("upstream_timeout", message, upstreamType === null ? {} : { upstreamType }),
    );
  }

  #arm(timeoutMs: number): void {
    this.#lastActivityMs = this.#wheel.nowMs;
    this.#wheel.set(this, Math.min(this.#lastActivityMs + timeoutMs, this.#totalDeadlineMs));
  }

  #end(): void {
    this.phase = "done";
    this.#request = null;
    this.#wheel.remove(this);
  }

  // ---- Sending ----------------------------------------------------------------------------------------------------------

  #connect(): void {
    this.phase = "connecting";
    this.#arm(this.#timeouts.connectMs);
    this.#dial = this.#pool.connect(this);
  }

  onConnected(connection: UpstreamConnection): void {
    this.#dial = null;
    this.#begin(connection);
  }

  onConnectFailed(error: GatewayError): void {
    this.#dial = null;
    this.#end();
    this.#listener.onError(error);
  }

  #begin(connection: UpstreamConnection): void {
    this.phase = "waiting";
    this.#connection = connection;
    this.#arm(this.#timeouts.firstByteMs);
    const { bytes, body } = this.#request as CallRequest;
    const pieces: Buffer[] = body === null ? [bytes] : [bytes, body];
    if (this.#unsent !== null) pieces.push(...this.#unsent);
    this.#unsent = null;
    connection.begin(this, pieces, this.#isBodyComplete);
    this.#unsentBefore = connection.unsentBytes;
    if (connection.unsentBytes === 0) this.onWritable();
  }
}
