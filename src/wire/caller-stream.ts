import { GatewayError } from "../errors.ts";
import { HeaderList } from "../lib/header-list.ts";
import type { CallerConnection } from "./caller-connection.ts";
import { ChunkedDecoder } from "./chunked.ts";
import type { RequestHead } from "./request-head.ts";

/** Thrown into whoever waits for something on behalf of a caller that has left. */
export class CallerGone extends Error {
  override readonly name = "CallerGone";
  constructor() {
    super("the caller left");
  }
}

/** Who takes a request's body piece by piece. */
export interface BodySink {
  /** Whether what it gets stays in memory until `releaseBody`. */
  readonly isHolding: boolean;
  onBytes(bytes: Buffer): void;
  onEnd(): void;
  onError(error: GatewayError | CallerGone): void;
}

/** Body bytes kept before anybody asked for them; then the caller is paused. */
const MAX_UNCLAIMED_BYTES = 64 * 1024;

const NO_HEADERS = new HeaderList(Buffer.alloc(0));

/** What can be wrong with a body while it comes. */
const BODY_PROBLEMS = {
  400: "invalid_request",
  408: "request_timeout",
  413: "payload_too_large",
  503: "overloaded",
} as const;

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");

/** One request of a caller and the answer to it. */
export class CallerStream {
  /** What was asked; after `forgetRequest` without its header fields. */
  head: RequestHead;
  readonly connection: CallerConnection;
  /** Told once when the caller leaves before its answer is complete. */
  goneListener: { onGone(): void } | null = null;
  /** Told when everything written so far has been taken by the socket. */
  drainListener: { onDrained(): void } | null = null;
  isBodyDone: boolean;
  isGone = false;
  /** Payload bytes of the body so far. */
  bodyBytes = 0;
  /** Bytes of the answer, head included. */
  answerBytes = 0;
  /** Whether the connection ends after this answer; settled when the answer's head is made. */
  willClose: boolean;

  readonly #decoder: ChunkedDecoder | null;
  #remaining: number;
  #unclaimed: Buffer[] | null = null;
  #unclaimedBytes = 0;
  #heldBodyBytes = 0;
  #bodyError: GatewayError | null = null;
  #sink: BodySink | null = null;
  #heldHead: Buffer | null = null;
  #isAnswered = false;

  constructor(connection: CallerConnection, head: RequestHead) {
    this.connection = connection;
    this.head = head;
    this.willClose = !head.keepAlive;
    this.#decoder = head.framing.kind === "chunked" ? new ChunkedDecoder() : null;
    this.#remaining = head.framing.kind === "length" ? head.framing.bytes : 0;
    this.isBodyDone = head.framing.kind === "none";
  }

  /** Whether the first byte of the answer is on its way. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** Whether the caller has not taken all that was written for it. */
  get isClogged(): boolean {
    return this.connection.pendingBytes > 0;
  }

  // ---- The body -----------------------------------------------------------------------------------------------------

  /** Length the body will have, or null when the caller does not say. */
  get declaredBodyBytes(): number | null {
    const { framing } = this.head;
    return framing.kind === "length" ? framing.bytes : framing.kind === "none" ? 0 : null;
  }

  /**
   * The whole body as one buffer.
   * Throws (rejects with) GatewayError `payload_too_large`, `request_timeout`, `invalid_request`, or CallerGone.
   */
  collectBody(maxBytes: number): Buffer | Promise<Buffer> {
    const declared = this.declaredBodyBytes;
    if (declared !== null && declared > maxBytes) throw tooLarge(maxBytes);
    if (this.#bodyError !== null) throw this.#bodyError;
    if (this.isBodyDone && this.#unclaimedBytes <= maxBytes) {
      const body = joinPieces(this.#unclaimed ?? []);
      this.#unclaimed = null;
      this.#unclaimedBytes = 0;
      return body;
    }
    return new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      this.streamBody({
        isHolding: true,
        onBytes: (piece) => {
          bytes += piece.length;
          if (bytes > maxBytes) {
            this.#sink = DISCARD;
            pieces.length = 0;
            reject(tooLarge(maxBytes));
          } else pieces.push(piece);
        },
        onEnd: () => resolve(joinPieces(pieces)),
        onError: reject,
      });
    });
  }

  /** Hands the body to a sink as it arrives, beginning with what is there already. */
  streamBody(sink: BodySink): void {
    if (this.isGone) {
      sink.onError(new CallerGone());
      return;
    }
    if (this.#bodyError !== null) {
      sink.onError(this.#bodyError);
      return;
    }
    this.#sink = sink;
    const unclaimed = this.#unclaimed;
    const isFresh = this.bodyBytes === 0;
    this.#unclaimed = null;
    this.#unclaimedBytes = 0;
    if (!this.isBodyDone) {
      if (this.head.expectsContinue && isFresh) this.connection.write(CONTINUE, 0, CONTINUE.length);
      this.connection.armBodyDeadline();
      // Before the sink gets what is here already: it may have enough and pause.
      this.connection.resumeReading();
    }
    for (const piece of unclaimed ?? []) this.#sink.onBytes(piece);
    if (this.isBodyDone) this.#sink.onEnd();
  }

  /** Lets the caller feel that the body's sink is full. */
  pauseBody(): void {
    if (!this.isBodyDone) this.connection.pauseReading();
  }

  resumeBody(): void {
    if (!this.isBodyDone) this.connection.resumeReading();
  }

  /** From the connection: bytes of the body; returns how many of them belonged to it. */
  feedBody(bytes: Buffer): number {
    if (this.#decoder === null) {
      const used = Math.min(bytes.length, this.#remaining);
      this.#remaining -= used;
      this.#take(used === bytes.length ? bytes : bytes.subarray(0, used));
      if (this.#remaining === 0) this.#endBody();
      return used;
    }
    const decoder = this.#decoder;
    const used = decoder.decode(bytes, 0);
    for (let index = 0; index < decoder.count; index++) {
      this.#take(bytes.subarray(decoder.starts[index], decoder.ends[index]));
    }
    if (decoder.error !== null) {
      this.failBody({ status: 400, message: `the chunked body is malformed: ${decoder.error}` });
      return bytes.length;
    }
    const { maxBodyBytes } = this.connection.host.limits;
    if (this.bodyBytes + decoder.announcedBytes > maxBodyBytes) {
      // Refused on the announcement: nobody waits for bytes that will not be taken.
      this.failBody({ status: 413, message: tooLarge(maxBodyBytes).message });
      return bytes.length;
    }
    if (decoder.isDone) this.#endBody();
    return used;
  }

  /** From the connection: the body is malformed or late. The connection ends with the answer that says so. */
  failBody(problem: { status: keyof typeof BODY_PROBLEMS; message: string }): void {
    if (this.#bodyError !== null || this.isBodyDone) return;
    this.willClose = true;
    this.#bodyError = new GatewayError(
      BODY_PROBLEMS[problem.status],
      problem.message,
      problem.status === 503 ? { retryAfterSeconds: 1 } : {},
    );
    this.#sink?.onError(this.#bodyError);
    this.#sink = DISCARD;
  }

  /** The body is no longer held here: it is on its way, or nobody needs it. */
  releaseBody(): void {
    this.connection.host.bodies.give(this.#heldBodyBytes);
    this.#heldBodyBytes = 0;
  }

  /** From the connection: the caller has left. */
  leave(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.releaseBody();
    this.#heldHead = null;
    const sink = this.#sink;
    this.#sink = null;
    this.#unclaimed = null;
    if (!this.isBodyDone) sink?.onError(new CallerGone());
    const { goneListener } = this;
    this.goneListener = null;
    this.drainListener = null;
    goneListener?.onGone();
  }

  #take(piece: Buffer): void {
    if (piece.length === 0) return;
    this.bodyBytes += piece.length;
    if (this.#sink === null || this.#sink.isHolding) {
      if (!this.connection.host.bodies.take(piece.length)) {
        this.failBody({ status: 503, message: "The gateway holds as many request bodies as it may." });
        return;
      }
      this.#heldBodyBytes += piece.length;
    }
    if (this.#sink !== null) {
      this.#sink.onBytes(piece);
      return;
    }
    if (this.#unclaimed === null) this.#unclaimed = [piece];
    else this.#unclaimed.push(piece);
    this.#unclaimedBytes += piece.length;
    if (this.#unclaimedBytes > MAX_UNCLAIMED_BYTES && !this.isBodyDone) this.connection.pauseReading();
  }

  #endBody(): void {
    this.isBodyDone = true;
    this.connection.deadlineMs = Number.POSITIVE_INFINITY;
    const sink = this.#sink;
    this.#sink = null;
    sink?.onEnd();
  }

  /** The request is on its way: its bytes need not be kept for as long as its answer streams. */
  forgetRequest(): void {
    this.head = { ...this.head, headers: NO_HEADERS };
  }

  // ---- The answer -----------------------------------------------------------------------------------------------------

  /**
   * Begins the answer with its complete head. Unless the body is in the same bytes (`isWhole`), the head is held until the
   * first bytes of the body or `flushHead`, so that both leave in one write.
   */
  sendHead(head: Buffer, isWhole: boolean): void {
    this.#isAnswered = true;
    this.releaseBody();
    this.answerBytes += head.length;
    if (isWhole) this.connection.write(head, 0, head.length);
    else this.#heldHead = head;
  }

  /** The Connection line that this answer's head needs; from here on it is settled whether the connection ends with it. */
  connectionHeader(): string {
    if (!this.isBodyDone || this.connection.host.isDraining) this.willClose = true;
    if (this.willClose) return "connection: close\r\n";
    return this.head.minorVersion === 0 ? "connection: keep-alive\r\n" : "";
  }

  /** Sends the head by itself unless body bytes join it within this turn of the event loop. */
  flushHeadSoon(): void {
    queueMicrotask(() => this.flushHead());
  }

  /** Sends a head that no body bytes have joined. */
  flushHead(): void {
    const head = this.#heldHead;
    if (head === null || this.isGone) return;
    this.#heldHead = null;
    this.connection.write(head, 0, head.length);
  }

  /** Writes [from, to) of the bytes as they are. */
  write(bytes: Buffer, from: number, to: number): void {
    if (this.isGone || from >= to) return;
    this.answerBytes += to - from;
    const head = this.#heldHead;
    if (head === null) {
      this.connection.write(bytes, from, to);
      return;
    }
    this.#heldHead = null;
    const joined = Buffer.allocUnsafe(head.length + to - from);
    head.copy(joined, 0);
    bytes.copy(joined, head.length, from, to);
    this.connection.write(joined, 0, joined.length);
  }

  /** From here on the caller's bytes are another protocol's; they go to `onBytes` as they come. */
  upgrade(onBytes: (bytes: Buffer) => void): void {
    this.willClose = true;
    this.connection.upgrade(this, onBytes);
  }

  /**
   * The answer is complete; `onTaken` is called once the socket has taken its last byte, at once in most cases. A caller
   * that leaves before is told by its `goneListener` instead: what an exchange holds is held until then.
   */
  finish(onTaken: () => void): void {
    if (this.isGone) return;
    this.flushHead();
    if (this.isClogged) {
      this.drainListener = { onDrained: () => this.#end(onTaken) };
      this.connection.armFlushDeadline();
    } else this.#end(onTaken);
  }

  #end(onTaken: () => void): void {
    this.goneListener = null;
    this.drainListener = null;
    onTaken();
    this.connection.onStreamFinished(this);
  }

  /**
   * The answer cannot be completed: the connection ends where the framing does not, a moment after what was written.
   * `isAbrupt`: with a reset, where nothing but the end of the connection ends the answer.
   */
  breakOff(onEnded: () => void, isAbrupt = false): void {
    if (this.isGone) {
      onEnded();
      return;
    }
    this.flushHead();
    this.goneListener = null;
    this.drainListener = null;
    this.connection.breakOff(onEnded, isAbrupt);
  }
}

/** Takes what is left of a body nobody wants. */
const DISCARD: BodySink = {
  isHolding: false,
  onBytes() {
    // the bytes are dropped; the connection closes after the answer
  },
  onEnd() {
    // nobody waits
  },
  onError() {
    // nobody waits
  },
};

function joinPieces(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError("payload_too_large", `The request body is larger than the ${maxBytes} bytes allowed.`);
}
