/** From one dialect to another: a request on its way out, and the way back for its answer. */
import { GatewayError } from "../errors.ts";
import type { Usage } from "../exchange.ts";
import { asObject, type JsonObject, parseObject } from "../lib/json.ts";
import type {
  AnswerContext,
  Dialect,
  HeaderLookup,
  Operation,
  RequestContext,
  StreamReader,
  StreamWriter,
  WrittenError,
} from "./dialect.ts";
import { statusForCaller } from "./caller-status.ts";
import {
  asksForPlainText,
  Continuation,
  continueRequest,
  isConversation,
  type SaidEnd,
  TextTracker,
} from "./resume-text.ts";
import { ResumeMark } from "./resume-mark.ts";
import { fitExtra, fitRequest } from "./fit-request.ts";
import { AnswerFolder, unfoldAnswer } from "./fold.ts";
import { JsonToolUnwrapper, unwrapJsonTool } from "./json-tool.ts";
import type {
  DialectId,
  EmbedRequest,
  Finish,
  NeutralAnswer,
  NeutralError,
  NeutralEvent,
  NeutralRequest,
  RerankRequest,
  SettingName,
} from "./neutral.ts";
import { Target } from "./target.ts";
import type { Quirks } from "../exchange.ts";

export type TranslationInput = {
  readonly from: Dialect;
  readonly to: Dialect;
  readonly operation: Operation;
  readonly body: JsonObject;
  readonly context: RequestContext;
  /** The provider's name for the model, and what is known of it. */
  readonly model: string;
  readonly quirks: Quirks;
  readonly dropParams: boolean;
  readonly requestId: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** The same in milliseconds, for answers that say how long they took. */
  readonly startedAtMs?: number;
  /** The text that an interrupted answer has so far: the model is to go on where it stops. Only for `generate`. */
  readonly continues?: string;
};

export type TranslatedRequest = {
  readonly body: JsonObject;
  /** Fields that were left out, in the caller's words. */
  readonly dropped: readonly string[];
  readonly answer: AnswerTranslation;
};

/** Throws GatewayError `invalid_request` for what the caller's dialect does not allow or the target cannot express. */
export function translateRequest(input: TranslationInput): TranslatedRequest {
  try {
    return translate(input);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    // A list of millions, which no provider takes: more than a call can have arguments.
    throw new GatewayError(
      "payload_too_large",
      "The request has more messages, parts or tools than can be translated.",
      {
        param: "messages",
        cause: thrown,
      },
    );
  }
}

function translate(input: TranslationInput): TranslatedRequest {
  const { from, to, operation, context } = input;
  const nameOf = (setting: string): string =>
    (Object.hasOwn(from.settings, setting) ? from.settings[setting as SettingName]?.name : undefined) ?? setting;
  const target = new Target(input.model, input.quirks, input.dropParams, nameOf);
  switch (operation) {
    case "generate": {
      const said = from.generate.readRequest(input.body, context);
      const read = from.id === to.id ? said : (from.generate.simplify?.(said) ?? said);
      const asked = input.continues === undefined ? read : continueRequest(read, input.continues);
      const fitted = fitRequest(
        { ...asked, model: input.model, wantsStreamUsage: !input.quirks.refuses.includes("streamUsage") },
        from,
        to,
        target,
      );
      const { body, jsonTool } = to.generate.writeRequest(fitted, target);
      return { body, dropped: target.dropped, answer: new AnswerTranslation(input, read, jsonTool) };
    }
    case "count-tokens": {
      const reader = from.countTokens;
      const writer = to.countTokens;
      if (reader === null || writer === null) break;
      const read = reader.readRequest(input.body, context);
      const fitted = fitRequest({ ...read, model: input.model }, from, to, target);
      return {
        body: writer.writeRequest(fitted, target),
        dropped: target.dropped,
        answer: new AnswerTranslation(input, read, null),
      };
    }
    case "embed": {
      if (from.embed === null || to.embed === null) break;
      const read = from.embed.readRequest(input.body, context);
      const fitted = { ...read, model: input.model, extra: fitExtra(read.extra, from, to, target) };
      return {
        body: to.embed.writeRequest(fitted, target),
        dropped: target.dropped,
        answer: new AnswerTranslation(input, read, null),
      };
    }
    case "rerank": {
      if (from.rerank === null || to.rerank === null) break;
      const read = from.rerank.readRequest(input.body, context);
      const fitted = { ...read, model: input.model, extra: fitExtra(read.extra, from, to, target) };
      return {
        body: to.rerank.writeRequest(fitted, target),
        dropped: target.dropped,
        answer: new AnswerTranslation(input, read, null),
      };
    }
    default:
      return operation satisfies never;
  }
  throw new GatewayError("invalid_request", `A provider of the API ${to.id} cannot ${operation}.`, {
    detail: "unsupported_operation",
  });
}

type WholeAnswer = { readonly json: string; readonly usage: Usage | null };

/** The way back for one request's answer: from the provider's dialect to the caller's. */
export class AnswerTranslation {
  readonly #from: Dialect;
  readonly #to: Dialect;
  readonly #operation: Operation;
  /** What was asked, for answers that are written beside it; null for a conversation. */
  readonly #read: EmbedRequest | RerankRequest | null;
  readonly #jsonTool: string | null;
  readonly #isPlainText: boolean;
  readonly #context: AnswerContext;

  constructor(
    { from, to, operation, context, requestId, createdAt, startedAtMs }: TranslationInput,
    read: NeutralRequest | EmbedRequest | RerankRequest,
    jsonTool: string | null,
  ) {
    this.#from = from;
    this.#to = to;
    this.#operation = operation;
    this.#jsonTool = jsonTool;
    const generated = operation === "generate" ? (read as NeutralRequest) : null;
    this.#isPlainText =
      generated !== null && isConversation(context.endpoint) && jsonTool === null && asksForPlainText(generated);
    // A stream lives long: of its request, tools and all, only what the answer needs is kept.
    this.#read = operation === "embed" || operation === "rerank" ? (read as EmbedRequest | RerankRequest) : null;
    this.#context = {
      endpoint: context.endpoint,
      model: context.model,
      requestId,
      createdAt,
      ...(startedAtMs === undefined ? {} : { startedAtMs }),
      wantsStreamUsage: generated?.wantsStreamUsage ?? false,
      query: context.query,
      request: from.repeatsRequest === true && generated !== null ? withoutConversation(generated) : null,
      answerDialect: to.id,
    };
  }

  /** Header of the caller's API for the request's id, beside `x-request-id`; error answers bring their own. */
  get requestIdHeader(): string | null {
    return this.#from.requestIdHeader ?? null;
  }

  /** A whole answer. Throws GatewayError `upstream_error` for what is none. */
  translateWhole(body: JsonObject): WholeAnswer {
    return blaming(() => this.#translateWhole(body));
  }

  #translateWhole(body: JsonObject): WholeAnswer {
    const from = this.#from;
    const to = this.#to;
    const context = this.#context;
    const write = (json: JsonObject, usage: Usage | null) => ({ json: JSON.stringify(json), usage });
    switch (this.#operation) {
      case "generate": {
        const answer = this.#unwrap(to.generate.readAnswer(body));
        return write(from.generate.writeAnswer(answer, context), answer.usage);
      }
      case "embed": {
        if (from.embed === null || to.embed === null) break;
        const answer = to.embed.readAnswer(body);
        return write(from.embed.writeAnswer(answer, this.#read as EmbedRequest, context), answer.usage);
      }
      case "rerank": {
        if (from.rerank === null || to.rerank === null) break;
        const answer = to.rerank.readAnswer(body);
        return write(from.rerank.writeAnswer(answer, this.#read as RerankRequest, context), answer.usage);
      }
      case "count-tokens": {
        if (from.countTokens === null || to.countTokens === null) break;
        return write(from.countTokens.writeAnswer(to.countTokens.readAnswer(body), context), null);
      }
      default:
        return this.#operation satisfies never;
    }
    throw new GatewayError("internal", "An answer came for an operation that was never sent.");
  }

  /** A stream; only for `generate`. `tracksText`: it may have to be continued by another provider. */
  openStream({ tracksText }: { readonly tracksText: boolean } = { tracksText: false }): StreamTranslation {
    return new StreamTranslation(
      this.openReader(),
      this.#from.generate.openWriter(this.#context),
      this.#jsonTool,
      tracksText && this.#isPlainText ? this : null,
    );
  }

  /** A reader of the provider's streams. */
  openReader(): StreamReader {
    return this.#to.generate.openReader();
  }

  /** The caller's dialect. */
  get callerDialect(): DialectId {
    return this.#from.id;
  }

  /**
   * How the end of another provider's answer is said to this one's writer: null where it knows the words, since both providers speak
   * the same dialect.
   */
  endingOf(next: AnswerTranslation): ((finish: Finish) => SaidEnd) | null {
    if (next.#to.id === this.#to.id) return null;
    return (finish) => this.#sayEnd({ ...finish, native: null }, next.#to.id);
  }

  /**
   * A writer for providers of its own dialect puts back what its reader found, and some say little by themselves. So the end is
   * written as an answer of that dialect and read again.
   */
  #sayEnd(finish: Finish, dialect: DialectId): SaidEnd {
    const { generate } = this.#from;
    if (this.#from.id !== this.#to.id) return { finish, extra: null };
    const written = generate.writeAnswer(
      {
        dialect,
        id: null,
        model: null,
        createdAt: null,
        choices: [{ index: 0, parts: [{ kind: "text", text: "." }], finish, logprobs: null, extra: null }],
        usage: null,
        serviceTier: null,
        extra: null,
      },
      this.#context,
    );
    const said = generate.readAnswer(asObject(JSON.parse(JSON.stringify(written))) as JsonObject);
    const [choice] = said.choices;
    // Usage is told by itself.
    const { usage: _, ...extra } = said.extra ?? {};
    return {
      finish: choice?.finish ?? finish,
      extra: Object.keys(extra).length === 0 ? null : extra,
    };
  }

  /** A whole answer's stream, where the caller asked for one and the provider gave none. */
  streamWhole(body: JsonObject, stream: StreamTranslation): void {
    blaming(() => unfoldAnswer(this.#to.generate.readAnswer(body), stream.sink));
  }

  /** The whole answer of a provider's stream, where the caller asked for none. Throws GatewayError for one that broke or failed. */
  foldStream(bytes: Uint8Array): WholeAnswer {
    return blaming(() => this.#foldStream(bytes));
  }

  #foldStream(bytes: Uint8Array): WholeAnswer {
    const folder = new AnswerFolder(this.#to.id);
    const sink = (event: NeutralEvent) => folder.push(event);
    const reader = this.#to.generate.openReader();
    reader.push(bytes, sink);
    reader.end(sink);
    const { error } = folder;
    if (error !== null) {
      throw new GatewayError(error.code, error.message, { status: error.status, upstreamType: "stream_error" });
    }
    if (!folder.isFinished) throw truncated();
    const answer = this.#unwrap(folder.answer());
    return { json: JSON.stringify(this.#from.generate.writeAnswer(answer, this.#context)), usage: answer.usage };
  }

  /** A provider's error answer. */
  readError(status: number, text: string, header: HeaderLookup): NeutralError {
    return this.#to.errors.read(status, parseObject(text), text, header);
  }

  /** The same for the caller, with the status that says it there. */
  writeError(error: NeutralError): WrittenError & { readonly status: number } {
    const status = statusForCaller(error);
    return { ...this.#from.errors.write({ ...error, status }, this.#context.requestId), status };
  }

  #unwrap(answer: NeutralAnswer): NeutralAnswer {
    return this.#jsonTool === null ? answer : unwrapJsonTool(answer, this.#jsonTool);
  }
}

function withoutConversation(request: NeutralRequest): NeutralRequest {
  return { ...request, messages: request.messages.filter(({ role }) => role === "system" || role === "developer") };
}

/** A stream that ended without its own end. */
export function truncated(): GatewayError {
  return new GatewayError("upstream_truncated", "The provider ended its stream before the answer was finished.", {
    upstreamType: "truncated",
  });
}

/**
 * What was thrown over a provider's answer. One that is nested too deeply to be written again overflows the stack, in JSON.stringify
 * at about 50,000 levels: that is the provider's fault, not ours.
 */
function upstreamFault(thrown: unknown): unknown {
  if (!(thrown instanceof RangeError)) return thrown;
  return new GatewayError("upstream_error", "The provider's answer is nested too deeply, or too large.", {
    upstreamType: "protocol",
    cause: thrown,
  });
}

function blaming<T>(step: () => T): T {
  try {
    return step();
  } catch (thrown) {
    throw upstreamFault(thrown); // told as what it is; anything but an overflow stays what it was
  }
}

/** One provider's stream on its way into the caller's dialect, or that of several, one after the other. */
export class StreamTranslation {
  readonly contentType: string;
  readonly sink: (event: NeutralEvent) => void;
  /** The provider's own end was seen. */
  isFinished = false;
  /** The provider's error, which ended the stream; its event has been written, unless `isErrorWithheld` or nothing was before it. */
  error: NeutralError | null = null;
  /** The latest figures, of all providers together. */
  usage: Usage | null = null;
  /** What the last event was written as; "" until it has come. */
  final = "";
  #reader: StreamReader;
  readonly #writer: StreamWriter;
  /** Where the reader's events go. */
  #into: (event: NeutralEvent) => void;
  #text = "";
  #binary: Uint8Array[] | null = null;
  #hasBegun = false;
  /** Of a stream that may be continued, and whose it is. */
  readonly #tracked: { readonly tracker: TextTracker; readonly by: AnswerTranslation } | null;
  #mark: ResumeMark | null = null;

  /** `tracked`: whose stream it is, where it may be continued. */
  constructor(
    reader: StreamReader,
    writer: StreamWriter,
    jsonTool: string | null,
    tracked: AnswerTranslation | null = null,
  ) {
    this.#reader = reader;
    this.#writer = writer;
    this.contentType = writer.contentType;
    this.#tracked = tracked === null ? null : { tracker: new TextTracker(), by: tracked };
    const write = (event: NeutralEvent): void => this.#write(event);
    if (jsonTool === null) this.sink = write;
    else {
      const unwrapper = new JsonToolUnwrapper(jsonTool, write);
      this.sink = (event) => unwrapper.push(event);
    }
    this.#into = this.sink;
  }

  /** Whether something of the answer has been written. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The text so far, where plain text is all there is of the answer and its end has not come: then another provider may go on. */
  get resumable(): { readonly text: string } | null {
    const text = this.#tracked?.tracker.text ?? null;
    return text === null || this.isFinished ? null : { text };
  }

  /** The provider's error has not been told the caller, since the answer can be continued; `fail` tells it. */
  get isErrorWithheld(): boolean {
    return this.error !== null && this.resumable !== null;
  }

  /**
   * From now on `push` and `end` read another provider's stream, which goes on with this one's text. `mark` names it in the stream's
   * end. What the caller has stays; only text is joined to it, and what else comes is thrown as GatewayError `upstream_error`.
   */
  continueWith(next: AnswerTranslation, mark: string): void {
    const tracked = this.#tracked;
    if (tracked === null || this.resumable === null) {
      throw new GatewayError("internal", "A stream was to be continued that cannot be.");
    }
    const { tracker, by } = tracked;
    this.#mark ??= new ResumeMark(this.contentType, by.callerDialect);
    this.#reader = next.openReader();
    this.error = null;
    const continuation = new Continuation({
      tracker,
      usage: this.usage,
      sayEnd: by.endingOf(next),
      out: (event) => this.#write(event),
      onShare: () => this.#mark?.add(mark),
    });
    this.#into = (event) => {
      if (this.error === null && !this.isFinished) continuation.push(event);
    };
  }

  /** Bytes from the provider; what they give is taken with `take`. Throws GatewayError for what can be no stream. */
  push(bytes: Uint8Array): void {
    try {
      this.#reader.push(bytes, this.#into);
    } catch (thrown) {
      this.#judge(thrown);
    }
  }

  /** The provider's body has ended. */
  end(): void {
    try {
      this.#reader.end(this.#into);
    } catch (thrown) {
      this.#judge(thrown);
    }
  }

  /** What comes behind the answer's own end is not part of it, whatever it is. */
  #judge(thrown: unknown): void {
    if (!this.isFinished && this.error === null) throw upstreamFault(thrown);
  }

  /** Tells the caller of an error in its dialect: the provider's own where that was withheld, or else this one of ours. */
  fail(error: NeutralError): void {
    const told = this.isErrorWithheld ? (this.error as NeutralError) : error;
    this.error = told;
    this.#tracked?.tracker.spoil();
    this.#put(this.#marked("error", this.#writer.write({ kind: "error", error: told })));
  }

  /** What is to go out, or null; the next call begins anew. A string where all of it is text. */
  take(): string | Uint8Array | null {
    const binary = this.#binary;
    if (binary === null) {
      if (this.#text === "") return null;
      const text = this.#text;
      this.#text = "";
      return text;
    }
    if (this.#text !== "") binary.push(Buffer.from(this.#text));
    this.#text = "";
    this.#binary = null;
    return binary.length === 1 ? (binary[0] as Uint8Array) : Buffer.concat(binary);
  }

  #write(event: NeutralEvent): void {
    if (this.error !== null || this.isFinished) return;
    if (event.kind === "usage") this.usage = event.usage;
    else if (event.kind === "message-end") this.isFinished = true;
    else if (event.kind === "error") {
      this.error = event.error;
      // Nothing has gone out: it can still be an error answer with a status of its own. Or another provider may go on.
      if (!this.#hasBegun || this.isErrorWithheld) return;
    }
    this.#tracked?.tracker.note(event);
    const piece = this.#writer.write(event);
    if (event.kind === "message-end" && typeof piece === "string") this.final = piece;
    this.#put(this.#marked(event.kind, piece));
  }

  #marked(kind: NeutralEvent["kind"], piece: string | Uint8Array): string | Uint8Array {
    return this.#mark === null ? piece : this.#mark.apply(kind, piece);
  }

  #put(piece: string | Uint8Array): void {
    if (piece.length === 0) return;
    this.#hasBegun = true;
    if (typeof piece === "string") this.#text += piece;
    else {
      this.#binary ??= [];
      if (this.#text !== "") this.#binary.push(Buffer.from(this.#text));
      this.#text = "";
      this.#binary.push(piece);
    }
  }
}

/** A request's body as an object; the scan before has made sure that it is one. */
export function parseBody(body: Buffer): JsonObject {
  return asObject(JSON.parse(body.toString("utf8"))) as JsonObject;
}
