import type { Socket } from "bun";
import type { DeadlineOwner, TimerWheel } from "../lib/timer-wheel.ts";
import type { BodyBudget } from "./body-budget.ts";
import { CallerStream } from "./caller-stream.ts";
import type { PendingBudget, SlowReader } from "./pending-budget.ts";
import { type HeadLimits, parseRequestHead } from "./request-head.ts";

export type CallerLimits = HeadLimits & {
  readonly maxBodyBytes: number;
  readonly headTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
};

/** What a connection needs from its listener; shared by all of them. */
export interface CallerHost {
  readonly wheel: TimerWheel;
  readonly pending: PendingBudget;
  readonly bodies: BodyBudget;
  readonly limits: CallerLimits;
  /** No further request is taken on a connection once this is true. */
  readonly isDraining: boolean;
  onRequest(stream: CallerStream): void;
  /** The complete answer (head and body, `connection: close`) to bytes that are not a request. */
  renderRefusal(status: number, message: string): Buffer;
  onClosed(connection: CallerConnection): void;
}

/** A pipelining caller may have this much waiting behind the answer it is getting; then it is no longer read. */
const MAX_PIPELINED_BYTES = 64 * 1024;
/** After a refusal, what still arrives is read and dropped for so long and so much, so that a reset does not destroy the answer. */
const LINGER_MS = 2_000;
const BREAK_AFTER_MS = 50;
const LINGER_BYTES = 1024 * 1024;
/** A body may take its timeout plus what it needs at this rate: slow links pass, slowloris does not. */
const MIN_BODY_BYTES_PER_MS = 16;

type ConnectionPhase = "head" | "exchange" | "upgraded" | "breaking" | "linger" | "closed";

/**
 * One caller's connection: parses heads, feeds bodies, keeps pipelined bytes, and writes answers with back-pressure.
 *
 *   head => exchange => head …            (keep-alive)
 *   exchange => upgraded => closed        (another protocol's bytes)
 *   exchange => breaking => closed        (a broken answer: its error event first, then the broken end)
 *   head | exchange => linger => closed   (refused, or answered before its body was read)
 */
export class CallerConnection implements DeadlineOwner, SlowReader {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly socket: Socket<CallerConnection>;
  readonly isUnix: boolean;
  readonly #host: CallerHost;
  #phase: ConnectionPhase = "head";
  #inbox: Buffer | null = null;
  #stream: CallerStream | null = null;
  /** What the socket has not taken; made when first needed: most callers read as fast as is written. */
  #outbox: Buffer[] | null = null;
  #outboxBytes = 0;
  #isReadPaused = false;
  #pausedAtMs = 0;
  #endsWhenFlushed = false;
  #lingeredBytes = 0;
  #bodyDeadlineBaseMs = 0;
  #isHeadTimed = false;
  #isFlushTimed = false;
  #isBreakOverdue = false;
  #onBroken: (() => void) | null = null;
  #isBreakAbrupt = false;
  #onUpgradedBytes: ((bytes: Buffer) => void) | null = null;

  constructor(socket: Socket<CallerConnection>, isUnix: boolean, host: CallerHost) {
    this.socket = socket;
    this.isUnix = isUnix;
    this.#host = host;
    host.wheel.set(this, host.wheel.refresh() + host.limits.headTimeoutMs);
  }

  /** Whether a request is being served. */
  get isBusy(): boolean {
    return this.#stream !== null;
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  /** Bytes written for the caller that its socket has not taken. */
  get pendingBytes(): number {
    return this.#outboxBytes;
  }

  get host(): CallerHost {
    return this.#host;
  }

  // ---- From the socket ----------------------------------------------------------------------------------------------

  onData(bytes: Buffer): void {
    switch (this.#phase) {
      case "head":
        this.#inbox = this.#inbox === null ? bytes : Buffer.concat([this.#inbox, bytes]);
        this.#readHeads();
        return;
      case "exchange": {
        const stream = this.#stream as CallerStream;
        const rest = stream.isBodyDone ? bytes : this.#feedBody(stream, bytes);
        if (rest !== null) this.#keepPipelined(rest);
        return;
      }
      case "upgraded":
        this.#onUpgradedBytes?.(bytes);
        return;
      case "breaking":
      case "linger":
        this.#lingeredBytes += bytes.length;
        if (this.#lingeredBytes > LINGER_BYTES) this.close();
        return;
      case "closed":
        return;
      default:
        this.#phase satisfies never;
    }
  }

  onDrain(): void {
    if (this.#outboxBytes === 0) return;
    const before = this.#outboxBytes;
    const outbox = this.#outbox ?? [];
    while (outbox.length > 0) {
      const bytes = outbox[0] as Buffer;
      const written = this.socket.write(bytes);
      if (written < 0) return;
      this.#outboxBytes -= written;
      if (written < bytes.length) {
        outbox[0] = bytes.subarray(written);
        break;
      }
      outbox.shift();
    }
    if (this.#outboxBytes !== before) {
      this.#host.pending.update(this, this.#outboxBytes, true);
      if (this.#isFlushTimed) this.armFlushDeadline();
    }
    if (this.#outboxBytes > 0) return;
    if (this.#endsWhenFlushed) {
      this.socket.end();
      return;
    }
    this.#stream?.drainListener?.onDrained();
  }

  /** The socket is gone, whoever ended it. A half-close by the caller comes here too: it counts as leaving. */
  onClose(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#host.wheel.remove(this);
    this.#outbox = null;
    this.#outboxBytes = 0;
    this.#inbox = null;
    this.#host.pending.update(this, 0, false);
    const stream = this.#stream;
    this.#stream = null;
    const onBroken = this.#onBroken;
    this.#onBroken = null;
    onBroken?.();
    stream?.leave();
    this.#host.onClosed(this);
  }

  onDeadline(nowMs: number): void {
    switch (this.#phase) {
      case "head":
        if (this.#inbox === null || this.#host.isDraining) this.close();
        else this.refuse(408, `expected a complete request head within ${this.#host.limits.headTimeoutMs} ms`);
        return;
      case "exchange": {
        const stream = this.#stream as CallerStream;
        if (this.#isFlushTimed) {
          this.evict();
          return;
        }
        if (stream.isBodyDone) return;
        if (this.#isReadPaused) {
          // It is we who do not read: the body waits for its provider, whose timeouts watch over it.
          this.#host.wheel.set(this, nowMs + this.#host.limits.bodyTimeoutMs);
          return;
        }
        // Moved here rather than on every piece of the body.
        const dueMs = this.#bodyDeadlineBaseMs + stream.bodyBytes / MIN_BODY_BYTES_PER_MS;
        if (dueMs > nowMs) this.#host.wheel.set(this, dueMs);
        else stream.failBody({ status: 408, message: "the request body did not arrive in time" });
        return;
      }
      case "breaking":
        if (this.#outboxBytes > 0 && !this.#isBreakOverdue) {
          // A slow caller gets its error, too, if it takes it in time.
          this.#isBreakOverdue = true;
          this.#host.wheel.set(this, nowMs + LINGER_MS);
          return;
        }
        if (this.#isBreakAbrupt) this.evict();
        else this.close();
        return;
      case "linger":
        this.close();
        return;
      case "upgraded":
      case "closed":
        return;
      default:
        this.#phase satisfies never;
    }
  }

  // ---- For the stream -----------------------------------------------------------------------------------------------

  /** Writes [from, to) of the bytes; what the socket does not take is kept, and `pendingBytes` says how much. */
  write(bytes: Buffer, from: number, to: number): void {
    if (this.#phase === "closed" || from >= to) return;
    let written = 0;
    if (this.#outboxBytes === 0) {
      written = this.socket.write(bytes, from, to - from);
      if (written === to - from) return;
      if (written < 0) return; // closing: onClose tells the stream
    }
    const rest = bytes.subarray(from + written, to);
    // A small rest must not keep a large buffer alive.
    const kept = rest.length * 2 < bytes.buffer.byteLength ? Buffer.from(rest) : rest;
    if (this.#outbox === null) this.#outbox = [kept];
    else this.#outbox.push(kept);
    this.#outboxBytes += kept.length;
    this.#host.pending.update(this, this.#outboxBytes, written > 0);
  }

  pauseReading(): void {
    if (this.#isReadPaused || this.#phase === "closed") return;
    this.#isReadPaused = true;
    this.#pausedAtMs = this.#host.wheel.nowMs;
    pauseSocket(this.socket);
  }

  resumeReading(): void {
    if (!this.#isReadPaused || this.#phase === "closed") return;
    this.#isReadPaused = false;
    this.#bodyDeadlineBaseMs += this.#host.wheel.nowMs - this.#pausedAtMs;
    resumeSocket(this.socket);
  }

  /** The stream began to wait for its body. */
  armBodyDeadline(): void {
    const { wheel, limits } = this.#host;
    this.#bodyDeadlineBaseMs = wheel.refresh() + limits.bodyTimeoutMs;
    wheel.set(this, this.#bodyDeadlineBaseMs);
  }

  /** The answer is written and waits for a slow caller: as long as it makes progress. */
  armFlushDeadline(): void {
    const { wheel, limits } = this.#host;
    this.#isFlushTimed = true;
    wheel.set(this, wheel.refresh() + limits.keepAliveTimeoutMs);
  }

  /** The answer is complete: on to the next request, or to the end of the connection. */
  onStreamFinished(stream: CallerStream): void {
    if (this.#stream !== stream || this.#phase === "closed") return;
    this.#stream = null;
    this.#isFlushTimed = false;
    if (!stream.isBodyDone) {
      this.#linger();
      return;
    }
    if (stream.willClose) {
      this.#endAfterFlush();
      return;
    }
    this.#phase = "head";
    this.#host.wheel.set(this, this.#host.wheel.nowMs + this.#host.limits.keepAliveTimeoutMs);
    this.resumeReading();
    // Not recursively: a pipelining caller must not grow the stack.
    if (this.#inbox !== null) queueMicrotask(() => this.#readHeads());
  }

  /** Hands every further byte to `onBytes`, beginning with what came early. */
  upgrade(stream: CallerStream, onBytes: (bytes: Buffer) => void): void {
    if (this.#stream !== stream || this.#phase !== "exchange") return;
    this.#phase = "upgraded";
    this.#onUpgradedBytes = onBytes;
    const early = this.#inbox;
    this.#inbox = null;
    // More than a pipelining caller may send early has paused it; from here on the other side's back-pressure does.
    this.resumeReading();
    if (early !== null) onBytes(early);
  }

  /**
   * Ends the connection without completing the answer: FIN, so that bytes on their way still arrive, and a moment after
   * them, because fetch clients drop what comes together with a broken end: of 200 error events, sent with the FIN, Bun's
   * fetch showed 76 to its caller; sent 5 ms and more before it, all.
   * `isAbrupt`: with a reset instead, where a FIN would say that the answer is whole.
   */
  breakOff(onEnded: () => void, isAbrupt: boolean): void {
    if (this.#phase === "closed") {
      onEnded();
      return;
    }
    this.#phase = "breaking";
    this.#inbox = null;
    this.#stream = null;
    this.#onBroken = onEnded;
    this.#isBreakAbrupt = isAbrupt;
    this.#host.wheel.set(this, this.#host.wheel.refresh() + BREAK_AFTER_MS);
  }

  /** Answers bytes that are not a request, and closes. */
  refuse(status: number, message: string): void {
    const answer = this.#host.renderRefusal(status, message);
    this.write(answer, 0, answer.length);
    this.#linger();
  }

  /** The pending budget has no room for this caller any more. */
  evict(): void {
    this.socket.terminate();
    this.onClose();
  }

  /** Closes an idle connection, or any at once. */
  close(): void {
    this.socket.end();
    this.onClose();
  }

  // ---- Inside ---------------------------------------------------------------------------------------------------------

  #readHeads(): void {
    if (this.#phase !== "head" || this.#inbox === null) return;
    const inbox = this.#inbox;
    const parsed = parseRequestHead(inbox, this.#host.limits);
    switch (parsed.kind) {
      case "incomplete":
        // The clock of a head runs from its first byte on.
        if (inbox.length > 0 && !this.#isHeadTimed) this.#timeHead();
        return;
      case "invalid":
        this.#inbox = null;
        this.refuse(parsed.status, parsed.message);
        return;
      case "head": {
        this.#isHeadTimed = false;
        const rest = parsed.length < inbox.length ? inbox.subarray(parsed.length) : null;
        this.#inbox = null;
        this.#phase = "exchange";
        this.deadlineMs = Number.POSITIVE_INFINITY;
        const stream = new CallerStream(this, parsed.head);
        this.#stream = stream;
        const pipelined = rest === null || stream.isBodyDone ? rest : this.#feedBody(stream, rest);
        if (pipelined !== null) this.#keepPipelined(pipelined);
        if (this.#stream === stream) this.#host.onRequest(stream);
        return;
      }
      default:
        parsed satisfies never;
    }
  }

  #timeHead(): void {
    this.#isHeadTimed = true;
    this.#host.wheel.set(this, this.#host.wheel.refresh() + this.#host.limits.headTimeoutMs);
  }

  #feedBody(stream: CallerStream, bytes: Buffer): Buffer | null {
    const used = stream.feedBody(bytes);
    return used < bytes.length ? bytes.subarray(used) : null;
  }

  #keepPipelined(bytes: Buffer): void {
    this.#inbox = this.#inbox === null ? bytes : Buffer.concat([this.#inbox, bytes]);
    if (this.#inbox.length > MAX_PIPELINED_BYTES) this.pauseReading();
  }

  #endAfterFlush(): void {
    this.#phase = "linger";
    this.#lingeredBytes = 0;
    this.#inbox = null;
    this.#stream = null;
    this.#host.wheel.set(this, this.#host.wheel.refresh() + this.#host.limits.keepAliveTimeoutMs);
    if (this.#outboxBytes > 0) this.#endsWhenFlushed = true;
    else this.socket.end();
  }

  #linger(): void {
    this.#phase = "linger";
    this.#lingeredBytes = 0;
    this.#inbox = null;
    this.resumeReading();
    this.#host.wheel.set(this, this.#host.wheel.refresh() + LINGER_MS);
    if (this.#outboxBytes > 0) this.#endsWhenFlushed = true;
    else this.socket.shutdown();
  }
}

/** Bun's sockets pause and resume (BUN.md), its types do not say so yet. */
type PausableSocket = { pause(): void; resume(): void };

/** Stops reading from a socket, so that its peer feels it. */
export function pauseSocket(socket: unknown): void {
  (socket as PausableSocket).pause();
}

/** Reads from a paused socket again. */
export function resumeSocket(socket: unknown): void {
  (socket as PausableSocket).resume();
}
