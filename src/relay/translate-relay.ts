import { GatewayError, type UpstreamErrorType, upstreamErrorTypeOf } from "../errors.ts";
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
import { isCredentialRefused, type RelayEnd, type RelayEvents } from "./answer-relay.ts";
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
  readonly mayRefuse: boolean;
  readonly budget: HeldBudget;
  /** Told what the caller was answered with, once that is complete: all of it, or a stream's last event. */
  readonly onAnswered: ((text: string) => void) | null;
};

/**
 * undecided => stream                  (events, translated as they come)
 * undecided => whole | error           (held to their end, then translated)
 * any of them => flushing => done      (all is written; a slow caller takes the rest)
 * stream | flushing => breaking => done
 * any => done
 */
type Mode = "undecided" | "stream" | "whole" | "error" | "flushing" | "breaking" | "done";

/**
 * Carries an answer from a provider of one dialect to a caller of another. As in passing, a stream that broke is never ended as
 * if it had not: the caller is told in its own dialect, and its connection ends without a last chunk.
 */
export class TranslateRelay implements CallListener {
  /** The status for the caller; 0 until the provider's head has come. */
  status = 0;
  isStream = false;
  readonly #caller: CallerStream;
  readonly #options: TranslateOptions;
  readonly #events: RelayEvents;
  #call: UpstreamCall | null = null;
  #mode: Mode = "undecided";
  #head: ResponseHead | null = null;
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

  // ---- From the provider ------------------------------------------------------------------------------------------------

  onHead(head: ResponseHead): void {
    if (this.#options.mayRefuse && isCredentialRefused(head.status)) {
      this.#call?.abort();
      this.#finish({ kind: "refused", status: head.status, retryAfter: head.headers.get("retry-after") });
      return;
    }
    this.#head = head;
    this.status = head.status;
    const problem = judgeAnswerHead(head, true);
    const isReadable = isIdentity(head.headers.get("content-encoding"));
    if (problem !== null || !isReadable) {
      this.#call?.abort();
      this.#finish({
        kind: "unanswered",
        error:
          problem ??
          new GatewayError("upstream_error", "The provider encoded an answer that was asked for without encoding.", {
            upstreamType: "protocol",
          }),
      });
      return;
    }
    if (head.status >= 400) this.#mode = "error";
    else if (this.#options.isStreamRequested && !isJsonType(head)) {
      this.#mode = "stream";
      this.isStream = true;
      this.#stream = this.#options.translation.openStream();
    } else this.#mode = "whole";
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
        this.#attempt(() => this.#sendError());
        return;
      case "undecided":
      case "flushing":
      case "breaking":
      case "done":
        return;
      default:
        this.#mode satisfies never;
    }
  }

  onError(error: GatewayError): void {
    if (this.#mode === "done" || this.#mode === "breaking") return;
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
    this.#finish({
      kind: "unanswered",
      error: new GatewayError("upstream_error", "The provider switched protocols without being asked.", {
        upstreamType: "protocol",
      }),
    });
  }

  onUpgradedData(): void {
    // never upgraded: onUpgraded has ended the call
  }

  onUpgradedClose(): void {
    // never upgraded: onUpgraded has ended the call
  }

  /** Ends the answer from our side (drain). */
  cut(error: GatewayError): void {
    if (this.#mode === "done") return;
    this.#call?.abort();
    this.onError(error);
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
    this.#send(stream);
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
      this.#fault = "stream_error";
      if (!stream.hasBegun) {
        // Nothing has reached the caller: the error keeps a status of its own.
        this.#attempt(() => this.#answerError(stream.error as NonNullable<typeof stream.error>));
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
    this.#finish({
      kind: "unanswered",
      error: isTooLong
        ? new GatewayError("upstream_error", `The provider's answer is longer than ${MAX_ANSWER_BYTES} bytes.`, {
            upstreamType: "protocol",
          })
        : new GatewayError("overloaded", "The gateway holds as many answers as it may.", { retryAfterSeconds: 1 }),
    });
  }

  #sendWhole(): void {
    const { translation, isStreamRequested } = this.#options;
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
    const error = this.#options.translation.readError(head.status, text, (name) => head.headers.get(name));
    this.#fault = upstreamErrorTypeOf(head.status);
    this.#answerError(error);
  }

  #answerError(error: Parameters<AnswerTranslation["writeError"]>[0]): void {
    const { status, body, contentType, headers } = this.#options.translation.writeError(error);
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
    const { translation, requestId } = this.#options;
    return translation.requestIdHeader === null ? "" : `${translation.requestIdHeader}: ${requestId}\r\n`;
  }

  #composeHead(status: number, own: string): string {
    const { requestId, dropped } = this.#options;
    const provider = this.#head;
    this.#head = null;
    return composeTranslatedHead({
      status,
      requestId,
      dropped,
      provider,
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
    const stream = this.#stream;
    if (!this.#isHeadSent && (stream === null || !stream.hasBegun)) {
      this.#finish({ kind: "unanswered", error });
      return;
    }
    if (stream !== null && stream.error === null) {
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
