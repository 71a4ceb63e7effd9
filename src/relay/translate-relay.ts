import { GatewayError, type UpstreamErrorType, upstreamErrorTypeOf } from "../errors.ts";
import type { NeutralError } from "../dialect/neutral.ts";
import type { AnswerTranslation, StreamTranslation } from "../dialect/translate.ts";
import type { Usage } from "../exchange.ts";
import { parseObject } from "../lib/json.ts";
import type { CallerStream } from "../wire/caller-stream.ts";
import type { BodySlices } from "../wire/chunked.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import type { CallListener, UpstreamCall } from "../wire/upstream-call.ts";
import { isIdentity, isJsonType, judgeAnswerHead } from "./answer-checks.ts";
import { type HeldBudget, HeldBytes } from "./held-bytes.ts";
import { composeTranslatedHead } from "./translated-head.ts";
import type { RelayEnd, RelayEvents } from "./answer-relay.ts";
import { frameBytes, joinSlices, LAST_CHUNK, writeText } from "./chunk-framing.ts";

/** A whole answer is held to be translated; the largest are embeddings and generated images. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** An error answer is a few hundred bytes; of a longer one the beginning is read. */
const MAX_ERROR_BYTES = 256 * 1024;

export type TranslateOptions = {
  readonly translation: AnswerTranslation;
  readonly isStreamRequested: boolean;
  readonly requestId: string;
  /** Fields of the request that were left out, for `x-llmux-dropped`. */
  readonly dropped: readonly string[];
  /** Complete header lines of ours, put into every head. */
  readonly ownLines: string;
  /** Whether a stream that breaks off is told as interrupted where it can be continued. */
  readonly mayResume: boolean;
  readonly budget: HeldBudget;
  /** Told what the caller was answered with, once that is complete: all of it, or a stream's last event. */
  readonly onAnswered: ((text: string) => void) | null;
};

/**
 * undecided => stream                  (events, translated as they come)
 * undecided => whole | error           (held to their end, then translated)
 * stream => interrupted => undecided   (broken off, and continued with another call's answer)
 * any of them => flushing => done      (all is written; a slow caller takes the rest)
 * stream | interrupted | flushing => breaking => done
 * any => done
 */
type Mode = "undecided" | "stream" | "whole" | "error" | "interrupted" | "flushing" | "breaking" | "done";

/**
 * Carries an answer from a provider of one dialect to a caller of another. As in passing, a stream that broke is never ended as
 * if it had not: the caller is told in its own dialect, and its connection ends without a last chunk.
 *
 * Where `mayResume`, a plain text that breaks off is told as `interrupted` first, and whoever hears it either has another call go on
 * with it (`resume`) or has the caller told (`giveUp`). Until then the caller waits, with everything it has been sent so far.
 */
export class TranslateRelay implements CallListener {
  /** The status for the caller; 0 until the provider's head has come. */
  status = 0;
  isStream = false;
  readonly #caller: CallerStream;
  readonly #options: TranslateOptions;
  #events: RelayEvents;
  #translation: AnswerTranslation;
  /** The present call goes on with what another began. */
  #isResumed = false;
  #call: UpstreamCall | null = null;
  #mode: Mode = "undecided";
  #head: ResponseHead | null = null;
  /** Of the call that goes on with another's answer. */
  #resumedHead: ResponseHead | null = null;
  #stream: StreamTranslation | null = null;
  readonly #held: HeldBytes;
  #isHeadSent = false;
  #isChunkedToCaller = false;
  #isEndedByClose = false;
  #fault: UpstreamErrorType | null = null;
  /** Of a whole answer; a stream knows its own. */
  #usage: Usage | null = null;

  constructor(caller: CallerStream, options: TranslateOptions, events: RelayEvents) {
    this.#caller = caller;
    this.#options = options;
    this.#events = events;
    this.#translation = options.translation;
    this.#held = new HeldBytes(options.budget);
  }

  attach(call: UpstreamCall): void {
    this.#call = call;
    this.#caller.drainListener = this;
  }

  /** The latest figures the provider told, whether the answer came to its end or not. */
  get usage(): Usage | null {
    return this.#stream?.usage ?? this.#usage;
  }

  faultOfProvider(): UpstreamErrorType | null {
    return this.#fault;
  }

  // ---- Interrupted ------------------------------------------------------------------------------------------------------

  /** The text so far of a stream that another provider may continue; null where none may. */
  get resumable(): { readonly text: string } | null {
    return this.#options.mayResume ? (this.#stream?.resumable ?? null) : null;
  }

  /**
   * Another call goes on with an interrupted stream; before it starts. `mark` names its deployment in the stream's end. `events` hears
   * what becomes of it, where that is somebody else than before. False: there is nothing to go on with any more (the gateway cut it).
   */
  resume(
    call: UpstreamCall,
    translation: AnswerTranslation,
    mark: string,
    events: RelayEvents = this.#events,
  ): boolean {
    if (this.#mode !== "interrupted") return false;
    (this.#stream as StreamTranslation).continueWith(translation, mark);
    this.#translation = translation;
    this.#events = events;
    this.#isResumed = true;
    this.#mode = "undecided";
    this.attach(call);
    return true;
  }

  /** Nobody goes on with it: the caller is told so. */
  giveUp(error: GatewayError, events: RelayEvents = this.#events): void {
    if (this.#mode !== "interrupted") return;
    this.#events = events;
    this.#tell(error);
  }

  /** Whether the stream can be continued: then its end is told, and not yet the caller. Our own mistakes are nobody's to continue. */
  #interrupt(error: GatewayError): boolean {
    const stream = this.#stream;
    if (stream === null || !stream.hasBegun || this.resumable === null || error.code === "internal") return false;
    this.#held.release();
    this.#send(stream);
    this.#call = null;
    this.#mode = "interrupted";
    this.#events.onEnd({ kind: "interrupted", error });
    return true;
  }

  // ---- From the provider ------------------------------------------------------------------------------------------------

  onHead(head: ResponseHead): void {
    const problem = judgeAnswerHead(head, true) ?? judgeEncoding(head);
    if (this.#isResumed) {
      this.#goOn(head, problem);
      return;
    }
    this.#head = head;
    this.status = head.status;
    if (problem !== null) {
      this.#call?.abort();
      this.#fail(problem);
      return;
    }
    if (head.status >= 400) this.#mode = "error";
    else if (this.#options.isStreamRequested && !isJsonType(head)) {
      this.#mode = "stream";
      this.isStream = true;
      this.#stream = this.#translation.openStream({ tracksText: this.#options.mayResume });
    } else this.#mode = "whole";
  }

  /** The head of an answer that is to go on with another; the caller has its own already. */
  #goOn(head: ResponseHead, problem: GatewayError | null): void {
    this.#resumedHead = head;
    if (problem === null && head.status >= 400) this.#mode = "error";
    else if (problem === null && !isJsonType(head)) this.#mode = "stream";
    else {
      this.#call?.abort();
      this.#fail(
        problem ??
          new GatewayError("upstream_error", "The provider answered with JSON where a stream was asked for.", {
            upstreamType: "content_type",
          }),
      );
    }
  }

  onBody(bytes: Buffer, slices: BodySlices): void {
    switch (this.#mode) {
      case "stream":
        this.#translate(
          slices.count === 1 ? bytes.subarray(slices.starts[0], slices.ends[0]) : joinSlices(bytes, slices),
        );
        break;
      case "whole":
      case "error":
        this.#hold(joinSlices(bytes, slices));
        break;
      case "undecided":
      case "interrupted":
      case "flushing":
      case "breaking":
      case "done":
        return;
      default:
        this.#mode satisfies never;
    }
    if (this.#caller.isClogged) this.#call?.pause();
  }

  onEnd(): void {
    switch (this.#mode) {
      case "stream":
        this.#endStream();
        return;
      case "whole":
        this.#attempt(() => this.#sendWhole());
        return;
      case "error":
        if (this.#isResumed) this.#fail(this.#readResumedError());
        else this.#attempt(() => this.#sendError());
        return;
      case "undecided":
      case "interrupted":
      case "flushing":
      case "breaking":
      case "done":
        return;
      default:
        this.#mode satisfies never;
    }
  }

  onError(error: GatewayError): void {
    if (this.#mode === "done" || this.#mode === "breaking" || this.#mode === "interrupted") return;
    if (this.#mode === "flushing") this.#breakOff(error);
    else this.#fail(error);
  }

  onWritable(): void {
    // the request went out whole
  }

  onDrained(): void {
    this.#call?.resume();
  }

  onUpgraded(): void {
    this.#call?.abort();
    this.#fail(
      new GatewayError("upstream_error", "The provider switched protocols without being asked.", {
        upstreamType: "protocol",
      }),
    );
  }

  onUpgradedData(): void {
    // never upgraded: onUpgraded has ended the call
  }

  onUpgradedClose(): void {
    // never upgraded: onUpgraded has ended the call
  }

  /** Ends the answer from our side (drain). */
  cut(error: GatewayError): void {
    if (this.#mode === "done" || this.#mode === "breaking") return;
    this.#call?.abort();
    if (this.#mode === "flushing") this.#breakOff(error);
    else this.#tell(error);
  }

  // ---- A stream ---------------------------------------------------------------------------------------------------------

  #translate(payload: Uint8Array): void {
    const stream = this.#stream as StreamTranslation;
    try {
      stream.push(payload);
    } catch (thrown) {
      // What cannot be read any further ends here; what was read before it still goes out.
      this.#call?.abort();
      this.#fail(GatewayError.from(thrown));
      return;
    }
    if (stream.hasBegun && stream.isErrorWithheld) {
      this.#call?.abort();
      this.#fail(errorInStream(stream.error as NeutralError));
    } else this.#send(stream);
  }

  #endStream(): void {
    const stream = this.#stream as StreamTranslation;
    try {
      stream.end();
    } catch (thrown) {
      this.#fail(GatewayError.from(thrown)); // the last event was no event of this dialect
      return;
    }
    if (stream.error !== null) {
      if (stream.hasBegun && stream.isErrorWithheld) {
        this.#fail(errorInStream(stream.error));
        return;
      }
      this.#fault = "stream_error";
      if (!stream.hasBegun) {
        // Nothing has reached the caller: the error keeps a status of its own.
        this.#attempt(() => this.#answerError(stream.error as NeutralError));
        return;
      }
    } else if (!stream.isFinished) {
      this.#fail(
        new GatewayError("upstream_truncated", "The provider ended its stream before the answer was finished.", {
          upstreamType: "truncated",
        }),
      );
      return;
    }
    this.#send(stream);
    if (!this.#isHeadSent) this.#sendStreamHead(stream);
    if (stream.isFinished) this.#options.onAnswered?.(stream.final);
    if (this.#isChunkedToCaller) this.#caller.write(LAST_CHUNK, 0, LAST_CHUNK.length);
    this.#complete();
  }

  /** Writes what the last bytes gave. */
  #send(stream: StreamTranslation): void {
    const piece = stream.take();
    if (piece === null) return;
    if (!this.#isHeadSent) {
      this.#sendStreamHead(stream);
      this.#events.onFirstByte();
    }
    if (this.#isChunkedToCaller && typeof piece === "string") {
      writeText(piece, this.#caller);
      return;
    }
    const chunk = this.#isChunkedToCaller ? frameBytes(piece as Uint8Array) : Buffer.from(piece as string);
    this.#caller.write(chunk, 0, chunk.length);
  }

  #sendStreamHead(stream: StreamTranslation): void {
    const caller = this.#caller;
    let framing = "transfer-encoding: chunked\r\n";
    if (caller.head.minorVersion === 1) this.#isChunkedToCaller = true;
    else {
      framing = "";
      caller.willClose = true;
      this.#isEndedByClose = true;
    }
    this.#isHeadSent = true;
    const own = `${this.#ownRequestId()}content-type: ${stream.contentType}\r\ncache-control: no-cache\r\n${framing}`;
    caller.sendHead(Buffer.from(this.#composeHead(200, own), "latin1"), false);
  }

  // ---- A whole answer ---------------------------------------------------------------------------------------------------

  #hold(payload: Buffer): void {
    const held = this.#held;
    if (this.#mode === "error" && held.length >= MAX_ERROR_BYTES) return;
    const isTooLong = held.length + payload.length > MAX_ANSWER_BYTES;
    if (!isTooLong && held.add(payload)) return;
    this.#call?.abort();
    this.#fail(
      isTooLong
        ? new GatewayError("upstream_error", `The provider's answer is longer than ${MAX_ANSWER_BYTES} bytes.`, {
            upstreamType: "protocol",
          })
        : new GatewayError("overloaded", "The gateway holds as many answers as it may.", { retryAfterSeconds: 1 }),
    );
  }

  #sendWhole(): void {
    const { isStreamRequested } = this.#options;
    const translation = this.#translation;
    const bytes = this.#held.take();
    const body = parseObject(bytes.toString("utf8"));
    if (isStreamRequested) {
      const stream = translation.openStream();
      this.isStream = true;
      this.#stream = stream;
      this.#mode = "stream";
      // An array of events is a stream by another type.
      if (body === null) stream.push(bytes);
      else translation.streamWhole(body, stream);
      this.#endStream();
      return;
    }
    const isEventStream = this.#head?.headers.startsWith("content-type", "text/event-stream") === true;
    if (body === null && !isEventStream) {
      throw new GatewayError("upstream_truncated", "The provider's answer is not a complete JSON text.", {
        upstreamType: "truncated",
      });
    }
    const { json, usage } = body === null ? translation.foldStream(bytes) : translation.translateWhole(body);
    this.#usage = usage;
    this.#options.onAnswered?.(json);
    this.#answer(200, json, `${this.#ownRequestId()}content-type: application/json\r\n`);
  }

  #sendError(): void {
    const head = this.#head as ResponseHead;
    const text = this.#held.take().toString("utf8");
    const error = this.#translation.readError(head.status, text, (name) => head.headers.get(name));
    this.#fault = upstreamErrorTypeOf(head.status);
    this.#answerError(error);
  }

  /** What an error answer says that came where a stream was to go on. */
  #readResumedError(): GatewayError {
    const { status, headers } = this.#resumedHead as ResponseHead;
    const text = this.#held.take().toString("utf8");
    const { code, message, retryAfterSeconds } = this.#translation.readError(status, text, (name) => headers.get(name));
    return new GatewayError(code, message, {
      status,
      upstreamType: upstreamErrorTypeOf(status),
      ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
    });
  }

  #answerError(error: NeutralError): void {
    const { status, body, contentType, headers } = this.#translation.writeError(error);
    let own = `content-type: ${contentType}\r\nx-llmux-error-source: ${error.source}\r\n`;
    for (const [name, value] of headers) own += `${name}: ${value}\r\n`;
    if (error.retryAfterSeconds !== null && !headers.some(([name]) => name === "retry-after")) {
      own += `retry-after: ${Math.ceil(error.retryAfterSeconds)}\r\n`;
    }
    this.#answer(status, body, own);
  }

  #answer(status: number, text: string, own: string): void {
    this.status = status;
    this.#isHeadSent = true;
    this.#events.onFirstByte();
    const body = Buffer.from(text);
    const head = this.#composeHead(status, `${own}content-length: ${body.length}\r\n`);
    this.#caller.sendHead(Buffer.concat([Buffer.from(head, "latin1"), body]), true);
    this.#complete();
  }

  /** Runs what makes an answer; where that fails, nothing has gone out yet. */
  #attempt(step: () => void): void {
    try {
      step();
    } catch (thrown) {
      this.#fail(GatewayError.from(thrown)); // the answer could not be read: the caller gets an error instead
    }
  }

  /** The request's id as SDKs of the caller's API look for it. */
  #ownRequestId(): string {
    const { requestIdHeader } = this.#translation;
    return requestIdHeader === null ? "" : `${requestIdHeader}: ${this.#options.requestId}\r\n`;
  }

  #composeHead(status: number, own: string): string {
    const { requestId, dropped, ownLines } = this.#options;
    const provider = this.#head;
    this.#head = null;
    return composeTranslatedHead({
      status,
      requestId,
      dropped,
      provider,
      ownLines,
      own: own + this.#caller.connectionHeader(),
    });
  }

  // ---- Ending -------------------------------------------------------------------------------------------------------------

  #complete(): void {
    this.#mode = "flushing";
    this.#events.onProviderDone();
    this.#caller.finish(() => this.#finish({ kind: "complete" }));
  }

  #fail(error: GatewayError): void {
    if (!this.#interrupt(error)) this.#tell(error);
  }

  /** Tells the caller that its answer broke, or that there is none. */
  #tell(error: GatewayError): void {
    const stream = this.#stream;
    if (!this.#isHeadSent && (stream === null || !stream.hasBegun)) {
      this.#finish({ kind: "unanswered", error });
      return;
    }
    if (stream !== null && (stream.error === null || stream.isErrorWithheld)) {
      const { code, message, options } = error;
      stream.fail({
        code: code === "upstream_error" ? "upstream_truncated" : code,
        status: error.status,
        message,
        param: null,
        detail: options.detail ?? null,
        source: "gateway",
        retryAfterSeconds: options.retryAfterSeconds ?? null,
      });
      this.#send(stream);
      this.#isEndedByClose = false; // the event says it
    }
    this.#breakOff(error);
  }

  #breakOff(error: GatewayError): void {
    this.#mode = "breaking";
    this.#events.onProviderDone();
    this.#caller.breakOff(() => this.#finish({ kind: "truncated", error }), this.#isEndedByClose);
  }

  #finish(end: RelayEnd): void {
    if (this.#mode === "done") return;
    this.#mode = "done";
    this.#held.release();
    this.#caller.drainListener = null;
    this.#events.onEnd(end);
  }
}

/** An encoding that was not asked for; null where there is none. */
function judgeEncoding({ headers }: ResponseHead): GatewayError | null {
  if (isIdentity(headers.get("content-encoding"))) return null;
  return new GatewayError("upstream_error", "The provider encoded an answer that was asked for without encoding.", {
    upstreamType: "protocol",
  });
}

/** A provider's error in mid-stream, for whoever decides what becomes of it. */
function errorInStream({ code, status, message, detail, retryAfterSeconds }: NeutralError): GatewayError {
  return new GatewayError(code, message, {
    status,
    upstreamType: "stream_error",
    ...(detail === null ? {} : { detail }),
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
  });
}
