import { GatewayError, type UpstreamErrorType } from "../errors.ts";
import type { StreamGrammar, Usage } from "../exchange.ts";
import { mergeUsage } from "../lib/usage.ts";
import type { CallerStream } from "../wire/caller-stream.ts";
import type { BodySlices } from "../wire/chunked.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import type { CallListener, UpstreamCall } from "../wire/upstream-call.ts";
import { isIdentity, isJsonType, judgeAnswerHead, looksWhole } from "./answer-checks.ts";
import { composeAnswerHead } from "./answer-head.ts";
import { frameChunk, joinSlices, LAST_CHUNK } from "./chunk-framing.ts";
import { findId } from "./find-id.ts";
import { StreamTap } from "./stream-tap.ts";
import { UsageWithholder } from "./usage-withholder.ts";

/** Answers that are not streams are held up to this size, so that a broken one can still become a clean error. */
const MAX_HELD_BYTES = 64 * 1024;

/** Shared by all that hold nothing; never pushed to. */
const NOTHING_HELD: Buffer[] = [];

export type RelayOptions = {
  /** How the endpoint streams; null where it never does. */
  readonly grammar: StreamGrammar | null;
  /** Whether the caller asked for a stream. */
  readonly isStreamRequested: boolean;
  /** How many answers were asked for (`n`). */
  readonly choices: number;
  /** Whether an answer that is no stream is JSON. */
  readonly answersJson: boolean;
  /** Whether usage was asked for on the gateway's own account: its event is withheld. */
  readonly withholdsUsage: boolean;
  /** Answered as `x-request-id`. */
  readonly requestId: string;
  /** Usage from the text of the provider's usage object. */
  readonly readUsage: (json: string) => Usage | null;
  /** Complete header lines of ours for the answer's head. */
  readonly ownLines: string;
  /** Told the answer's id, where callers may come back to it. */
  readonly onId: ((id: string) => void) | null;
};

/** How the relay of one answer ended; told once. */
export type RelayEnd =
  /** All of it is through. */
  | { readonly kind: "complete" }
  /** Nothing reached the caller: it can still be answered otherwise. */
  | { readonly kind: "unanswered"; readonly error: GatewayError }
  /** A stream broke after bytes had reached the caller, and can be continued; whoever hears it says what becomes of it. */
  | { readonly kind: "interrupted"; readonly error: GatewayError }
  /** It broke after bytes had reached the caller, who was told so. */
  | { readonly kind: "truncated"; readonly error: GatewayError };

/** What the relay tells while it runs. */
export interface RelayEvents {
  onFirstByte(): void;
  /** The provider's last byte is here; the caller may still have to take some. */
  onProviderDone(): void;
  onEnd(end: RelayEnd): void;
}

/**
 * undecided => held => plain        (not a stream; held while it is small)
 * undecided => stream               (server-sent events)
 * held | plain | stream => flushing => done   (all has come; a slow caller takes the rest)
 * plain | stream | flushing => breaking => done    (it broke; the caller is told, then the connection ends)
 * any => done
 */
type Mode = "undecided" | "held" | "plain" | "stream" | "flushing" | "breaking" | "done";

/**
 * Moves one answer from provider to caller: the same bytes, with back-pressure, and a tap beside them. A stream that broke
 * is never ended as if it had not: the caller gets an error event and a connection that ends without its last chunk.
 */
export class AnswerRelay implements CallListener {
  /** The provider's status; 0 until its head has come. */
  status = 0;
  isStream = false;
  readonly tap: StreamTap;
  readonly #caller: CallerStream;
  readonly #options: RelayOptions;
  readonly #events: RelayEvents;
  #call: UpstreamCall | null = null;
  #mode: Mode = "undecided";
  #head: ResponseHead | null = null;
  #held: Buffer[] = NOTHING_HELD;
  #heldBytes = 0;
  #isChunkedToCaller = false;
  /** An HTTP/1.0 caller's answer without a length: the end of the connection is its end. */
  #isEndedByClose = false;
  #isFirstBytePending = true;
  #isEncoded = false;
  #isEventStream = false;
  #withholder: UsageWithholder | null = null;
  /** The last two payload bytes, to know whether a stream stopped between events. */
  #lastByte = 10;
  #lastByteButOne = 10;

  constructor(caller: CallerStream, options: RelayOptions, events: RelayEvents) {
    this.#caller = caller;
    this.#options = options;
    this.#events = events;
    this.tap = new StreamTap(options.grammar, options.choices);
  }

  /** The usage the provider told: its last word, and what it said before and did not say again. */
  get usage(): Usage | null {
    this.tap.finish();
    const { usageJson, firstUsageJson } = this.tap;
    const last = usageJson === null ? null : this.#options.readUsage(usageJson);
    const first = firstUsageJson === null ? null : this.#options.readUsage(firstUsageJson);
    return last === null || first === null ? (last ?? first) : mergeUsage(first, last);
  }

  /** What an answer that went through tells of its provider: an error in the place of an answer. */
  faultOfProvider(): UpstreamErrorType | null {
    if (!this.tap.hasError || this.tap.isFinished) return null;
    return this.isStream ? "stream_error" : "error_in_200";
  }

  /** The call this relay listens to; given before it starts. */
  attach(call: UpstreamCall): void {
    this.#call = call;
    this.#caller.drainListener = this;
  }

  // ---- From the provider ------------------------------------------------------------------------------------------------

  onHead(head: ResponseHead): void {
    this.#head = head;
    this.status = head.status;
    const problem = judgeAnswerHead(head, this.#options.answersJson);
    if (problem !== null) {
      this.#call?.abort();
      this.#finish({ kind: "unanswered", error: problem });
      return;
    }
    this.#isEncoded = !isIdentity(head.headers.get("content-encoding"));
    const isSuccess = head.status < 300;
    const isJson = isJsonType(head);
    const isEventStream = head.headers.startsWith("content-type", "text/event-stream");
    this.#isEventStream = isEventStream;
    const { grammar, isStreamRequested } = this.#options;
    // An array of events is JSON by its type (Gemini without `alt=sse`).
    const isArray = isStreamRequested && isJson && !isEventStream && grammar?.framing === "json-array";
    const isOtherStream = isStreamRequested && !isJson && this.#options.answersJson;
    // A 204 has no body and no framing (RFC 9110 section 15.3.5), whatever was asked for.
    if (head.status === 204) this.#beginPlain(head);
    else if (isSuccess && grammar !== null && (isEventStream || isOtherStream || isArray)) this.#beginStream(head);
    else if (isJson || head.status >= 400) this.#mode = "held";
    else this.#beginPlain(head);
  }

  onBody(bytes: Buffer, slices: BodySlices): void {
    switch (this.#mode) {
      case "stream":
        this.#passStream(bytes, slices);
        break;
      case "plain":
        this.#passPlain(bytes, slices);
        break;
      case "held":
        this.#hold(bytes, slices);
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
      case "plain":
        if (this.#isChunkedToCaller) this.#caller.write(LAST_CHUNK, 0, LAST_CHUNK.length);
        this.#complete();
        return;
      case "held":
        this.#sendHeld();
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
    if (this.#mode === "done") return;
    if (this.#mode === "breaking") return;
    if (this.#mode === "flushing") {
      this.#breakOff(error);
      return;
    }
    if (this.#mode === "undecided" || this.#mode === "held") this.#finish({ kind: "unanswered", error });
    else this.#truncate(error);
  }

  onWritable(): void {
    this.upload?.onWritable();
  }

  /** From the caller: it has taken all that was written. */
  onDrained(): void {
    this.#call?.resume();
  }

  /** Set where a request's body streams: it hears when the provider takes more. */
  upload: { onWritable(): void } | null = null;

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

  /** Ends the answer from our side (drain): what is through stays, the rest is told to be missing. */
  cut(error: GatewayError): void {
    if (this.#mode === "done") return;
    this.#call?.abort();
    this.onError(error);
  }

  // ---- Beginning ----------------------------------------------------------------------------------------------------------

  #beginStream(head: ResponseHead): void {
    this.#mode = "stream";
    this.isStream = true;
    if (this.#options.withholdsUsage && !this.#isEncoded && this.#options.grammar !== null) {
      this.#withholder = new UsageWithholder(this.#options.grammar.isUsageOnlyEvent);
    }
    // A length could not hold the error event that may have to follow: streams are always chunked towards the caller.
    this.#sendHead(head, null, null);
    this.#caller.flushHeadSoon();
  }

  #beginPlain(head: ResponseHead): void {
    this.#mode = "plain";
    const { framing } = head;
    this.#sendHead(head, framing.kind === "length" ? framing.bytes : framing.kind === "none" ? 0 : null, null);
    this.#caller.flushHeadSoon();
  }

  /** Sends the head, and the whole body with it where that is there already. `bodyBytes` null: its end is not known. */
  #sendHead(head: ResponseHead, bodyBytes: number | null, body: Buffer | null): void {
    const caller = this.#caller;
    let framing = "";
    if (bodyBytes !== null) {
      if (head.status !== 204 && head.status !== 304) framing = `content-length: ${bodyBytes}\r\n`;
    } else if (caller.head.minorVersion === 1) {
      this.#isChunkedToCaller = true;
      framing = "transfer-encoding: chunked\r\n";
    } else {
      caller.willClose = true;
      this.#isEndedByClose = true;
    }
    const { requestId, ownLines } = this.#options;
    const own = ownLines + framing + caller.connectionHeader();
    caller.sendHead(composeAnswerHead(head, requestId, own, body), body !== null);
    this.#head = null;
  }

  // ---- Passing ----------------------------------------------------------------------------------------------------------

  #passStream(bytes: Buffer, slices: BodySlices): void {
    if (this.#isFirstBytePending && slices.count > 0) {
      this.#tellId(bytes, slices.starts[0] as number, slices.ends[0] as number);
    }
    this.#tellFirstByte();
    if (slices.count === 1) {
      const start = slices.starts[0] as number;
      const end = slices.ends[0] as number;
      this.tap.observe(bytes, start, end);
      if (this.#withholder !== null && this.tap.isFinished) {
        this.#passPayload(this.#withholder.filter(bytes.subarray(start, end)));
        return;
      }
      this.#noteTail(bytes, start, end);
      if (this.#isChunkedToCaller && slices.rawEnd === -1) this.#writeChunk(bytes, start, end);
      else if (this.#isChunkedToCaller) this.#caller.write(bytes, slices.rawStart, slices.rawEnd);
      else this.#caller.write(bytes, start, end);
      return;
    }
    const payload = joinSlices(bytes, slices);
    this.tap.observe(payload, 0, payload.length);
    if (this.#withholder !== null && this.tap.isFinished) {
      this.#passPayload(this.#withholder.filter(payload));
      return;
    }
    this.#noteTail(payload, 0, payload.length);
    if (this.#isChunkedToCaller && slices.rawEnd !== -1) this.#caller.write(bytes, slices.rawStart, slices.rawEnd);
    else if (this.#isChunkedToCaller) this.#writeChunk(payload, 0, payload.length);
    else this.#caller.write(payload, 0, payload.length);
  }

  #passPlain(bytes: Buffer, slices: BodySlices): void {
    this.#tellFirstByte();
    if (slices.count === 1) {
      const start = slices.starts[0] as number;
      const end = slices.ends[0] as number;
      if (this.#options.answersJson) this.tap.observe(bytes, start, end);
      if (!this.#isChunkedToCaller) this.#caller.write(bytes, start, end);
      else if (slices.rawEnd === -1) this.#writeChunk(bytes, start, end);
      else this.#caller.write(bytes, slices.rawStart, slices.rawEnd);
      return;
    }
    const payload = joinSlices(bytes, slices);
    if (this.#options.answersJson) this.tap.observe(payload, 0, payload.length);
    if (this.#isChunkedToCaller) this.#writeChunk(payload, 0, payload.length);
    else this.#caller.write(payload, 0, payload.length);
  }

  #hold(bytes: Buffer, slices: BodySlices): void {
    const payload = slices.count === 1 ? bytes.subarray(slices.starts[0], slices.ends[0]) : joinSlices(bytes, slices);
    if (this.#held === NOTHING_HELD) this.#held = [payload];
    else this.#held.push(payload);
    this.#heldBytes += payload.length;
    if (this.#heldBytes <= MAX_HELD_BYTES) return;
    const held = Buffer.concat(this.#held);
    this.#held = NOTHING_HELD;
    this.#heldBytes = 0;
    this.#beginPlain(this.#head as ResponseHead);
    this.#tellId(held, 0, held.length);
    this.#tellFirstByte();
    this.tap.observe(held, 0, held.length);
    if (this.#isChunkedToCaller) this.#writeChunk(held, 0, held.length);
    else this.#caller.write(held, 0, held.length);
  }

  #passPayload(payload: Buffer): void {
    if (payload.length === 0) return;
    this.#noteTail(payload, 0, payload.length);
    if (this.#isChunkedToCaller) this.#writeChunk(payload, 0, payload.length);
    else this.#caller.write(payload, 0, payload.length);
  }

  /** Puts a chunk of our own around bytes whose framing could not be passed on. */
  #writeChunk(bytes: Buffer, start: number, end: number): void {
    const chunk = frameChunk(bytes, start, end);
    this.#caller.write(chunk, 0, chunk.length);
  }

  #noteTail(bytes: Buffer, start: number, end: number): void {
    this.#lastByteButOne = end - start > 1 ? (bytes[end - 2] as number) : this.#lastByte;
    this.#lastByte = bytes[end - 1] as number;
  }

  #tellFirstByte(): void {
    if (!this.#isFirstBytePending) return;
    this.#isFirstBytePending = false;
    this.#events.onFirstByte();
  }

  #tellId(bytes: Buffer, start: number, end: number): void {
    if (this.#options.onId === null || !this.#isFirstBytePending || this.status >= 300) return;
    const id = findId(bytes, start, end);
    if (id !== null) this.#options.onId(id);
  }

  // ---- Ending -------------------------------------------------------------------------------------------------------------

  #endStream(): void {
    if (this.#withholder !== null) this.#passPayload(this.#withholder.release());
    this.tap.finish();
    // An encoded stream cannot be read: its framing is all there is to judge by.
    const isWhole = this.#isEncoded || this.tap.isFinished || this.tap.hasError;
    if (!isWhole) {
      this.#truncate(
        new GatewayError("upstream_truncated", "The provider ended its stream before the answer was finished.", {
          upstreamType: "truncated",
        }),
      );
      return;
    }
    if (this.#isChunkedToCaller) this.#caller.write(LAST_CHUNK, 0, LAST_CHUNK.length);
    this.#complete();
  }

  #sendHeld(): void {
    const head = this.#head as ResponseHead;
    const body = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
    if (head.status < 300 && this.#options.answersJson && !this.#isEncoded && !looksWhole(body)) {
      this.#finish({
        kind: "unanswered",
        error: new GatewayError("upstream_truncated", "The provider's answer is not a complete JSON text.", {
          upstreamType: "truncated",
        }),
      });
      return;
    }
    this.#tellId(body, 0, body.length);
    this.#tellFirstByte();
    if (!this.#isEncoded && body.length > 0) this.tap.observe(body, 0, body.length);
    this.#sendHead(head, body.length, body);
    this.#complete();
  }

  /** All has come; the end is told when the caller has taken the last byte. */
  #complete(): void {
    this.#mode = "flushing";
    this.#held = NOTHING_HELD;
    this.#events.onProviderDone();
    this.#caller.finish(() => this.#finish({ kind: "complete" }));
  }

  #truncate(error: GatewayError): void {
    const { grammar } = this.#options;
    const isText = this.#isEventStream || grammar?.framing === "sse" || grammar?.framing === "ndjson";
    // Into an array or a binary message that was cut anywhere nothing can be said: there the broken connection says it.
    if (this.#mode === "stream" && grammar !== null && isText && !this.#isEncoded) {
      const isBetweenEvents = this.#lastByte === 10 && (grammar.framing === "ndjson" || this.#lastByteButOne === 10);
      const told = new GatewayError(
        error.code === "upstream_error" ? "upstream_truncated" : error.code,
        error.message,
        error.options,
      );
      const event = Buffer.from(`${isBetweenEvents ? "" : "\n\n"}${grammar.renderErrorEvent(told).toString()}`);
      if (this.#isChunkedToCaller) this.#writeChunk(event, 0, event.length);
      else this.#caller.write(event, 0, event.length);
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
    this.#held = NOTHING_HELD;
    this.#caller.drainListener = null;
    this.#events.onEnd(end);
  }
}
