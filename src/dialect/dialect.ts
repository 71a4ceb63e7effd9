/** What every dialect's folder offers; the gateway knows dialects by this alone. */
import type { GatewayError } from "../errors.ts";
import type { StreamGrammar, Usage } from "../exchange.ts";
import type { JsonObject } from "../lib/json.ts";
import type {
  DialectId,
  EmbedAnswer,
  EmbedRequest,
  NeutralAnswer,
  NeutralError,
  NeutralEvent,
  NeutralRequest,
  NeutralUsage,
  RerankAnswer,
  RerankRequest,
  SettingName,
  TokenCount,
} from "./neutral.ts";
import type { Quirks, Target } from "./target.ts";

/** What can be carried from one dialect to another; anything else passes only where both sides speak the same one. */
export type Operation = "generate" | "embed" | "rerank" | "count-tokens";

/** Where the model's name stands in a request. */
export type ModelPlace = "json" | "multipart" | "query" | "path";

/** One operation of an API that is relayed to a provider. */
export type Endpoint = {
  /** Fixed name, unique over all dialects ("chat.completions", "messages", "gemini.generate"): for logs and providers' path tables. */
  readonly name: string;
  readonly dialect: DialectId;
  readonly operation: Operation | null;
  readonly method: "GET" | "POST";
  /** The caller's path; `{model}` stands for one segment, or several where it is the last thing before a fixed suffix. */
  readonly path: string;
  /** Default path at a provider, after its base URL; `{model}` is replaced, percent-encoded where needed. */
  readonly upstreamPath: string;
  readonly modelPlace: ModelPlace;
  /** The model the API itself assumes when a request names none. */
  readonly defaultModel: string | null;
  /** How it streams when passed through; null where it never does. */
  readonly grammar: StreamGrammar | null;
  /** Whether streaming is said by the path (true/false) or by the body's `stream` (null). */
  readonly isStreamPath: boolean | null;
  /** What a body that says nothing of `stream` means: Ollama streams by default. */
  readonly streamsByDefault?: boolean;
  /** Whether an answer that is no stream is JSON. */
  readonly answersJson: boolean;
  /** Whether `stream_options.include_usage` exists here. */
  readonly hasStreamOptions: boolean;
};

/** What a reader of requests knows beside the body: model and stream may stand in the path, and some things in the query. */
export type RequestContext = {
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly isStream: boolean;
  readonly query: URLSearchParams;
  /** The caller's `user-agent`: one path may serve SDKs that understand it differently. */
  readonly userAgent?: string | null;
};

/** What a writer of answers knows of the request it answers. */
export type AnswerContext = {
  readonly endpoint: Endpoint;
  /** The model's name as the caller said it: answers name it where the provider named none. */
  readonly model: string;
  /** For answers without an id of their own, and for ids the caller's dialect wants in a form of its own. */
  readonly requestId: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** When the request was read, in milliseconds since 1970: for answers that say how long they took. */
  readonly startedAtMs?: number;
  readonly wantsStreamUsage: boolean;
  /** Gemini callers choose between SSE (`alt=sse`) and a JSON array. */
  readonly query: URLSearchParams;
  /** The caller's request as it was read; answers of some dialects (Responses) repeat its settings. Null for other operations. */
  readonly request: NeutralRequest | null;
  /** Dialect the answer was read from, for writers of streams: another's `extra` is not for them. Left out: the writer's own. */
  readonly answerDialect?: DialectId;
};

export type EventSink = (event: NeutralEvent) => void;

/** Reads a provider's stream, whatever its framing, from bytes in any cut. */
export interface StreamReader {
  /** Takes bytes; throws GatewayError `upstream_error` for what can be no stream of this dialect (bad CRC, bounds). Keeps no reference to `bytes`. */
  push(bytes: Uint8Array, sink: EventSink): void;
  /** The provider's body has ended. A stream without its proper end gives no message-end. */
  end(sink: EventSink): void;
}

/** Writes a caller's stream. */
export interface StreamWriter {
  readonly contentType: string;
  /** What goes out for an event; "" where nothing does. Also takes `error`, in the form the dialect's own API uses in mid-stream. */
  write(event: NeutralEvent): string | Uint8Array;
}

/** A request as written for a provider. */
export type WrittenRequest = {
  readonly body: JsonObject;
  /** JSON-schema output was asked for through this tool: its call becomes the answer's text. */
  readonly jsonTool: string | null;
};

export interface GenerateCodec {
  /** Throws GatewayError `invalid_request` (with `param`) for what is no request of this dialect. */
  readRequest(body: JsonObject, context: RequestContext): NeutralRequest;
  /** The same request as another dialect is to see it, where callers send what says the same in fewer words: a stream's pieces, empty messages. */
  simplify?(request: NeutralRequest): NeutralRequest;
  /** What the dialect cannot express goes to `target.drop` / `target.refuse`. */
  writeRequest(request: NeutralRequest, target: Target): WrittenRequest;
  /** Throws GatewayError `upstream_error` for what is no answer at all; forgiving in everything else. */
  readAnswer(body: JsonObject): NeutralAnswer;
  writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject;
  openReader(): StreamReader;
  openWriter(context: AnswerContext): StreamWriter;
}

export interface EmbedCodec {
  readRequest(body: JsonObject, context: RequestContext): EmbedRequest;
  writeRequest(request: EmbedRequest, target: Target): JsonObject;
  readAnswer(body: JsonObject): EmbedAnswer;
  writeAnswer(answer: EmbedAnswer, request: EmbedRequest, context: AnswerContext): JsonObject;
}

export interface RerankCodec {
  readRequest(body: JsonObject, context: RequestContext): RerankRequest;
  writeRequest(request: RerankRequest, target: Target): JsonObject;
  readAnswer(body: JsonObject): RerankAnswer;
  writeAnswer(answer: RerankAnswer, request: RerankRequest, context: AnswerContext): JsonObject;
}

export interface CountCodec {
  readRequest(body: JsonObject, context: RequestContext): NeutralRequest;
  writeRequest(request: NeutralRequest, target: Target): JsonObject;
  readAnswer(body: JsonObject): TokenCount;
  writeAnswer(count: TokenCount, context: AnswerContext): JsonObject;
}

/** What an error answer looks like. */
export type WrittenError = {
  readonly body: string;
  readonly contentType: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
};

/** Headers of a provider's answer, by lower-case name. */
export type HeaderLookup = (name: string) => string | null;

export interface ErrorCodec {
  /** A provider's error answer; `body` is null where it is no JSON object (`text` then says what came). Never throws. */
  read(status: number, body: JsonObject | null, text: string, header: HeaderLookup): NeutralError;
  /** An error answer for a caller, in the shape the real API uses, so that its SDK raises the class its users catch. */
  write(error: NeutralError, requestId: string): WrittenError;
}

/**
 * How a setting stands in this dialect: its name there; `null` where the dialect has none. `note` says what is lost or bounded.
 * The request writer, the check before it, and the table in the docs come from this one record.
 */
export type SettingEntry = { readonly name: string; readonly note?: string } | null;

/** Kinds of content, as the dialect's requests can carry them. */
export type ContentFeature =
  | "image-data"
  | "image-url"
  | "image-file-id"
  | "audio-data"
  | "video-data"
  | "video-url"
  | "file-data"
  | "file-url"
  | "file-text"
  | "file-file-id"
  | "tool-result-image"
  | "tool-result-file"
  | "tool-result-error"
  | "reasoning"
  | "cache-hint"
  | "custom-tool"
  | "web-search";

export interface Dialect {
  readonly id: DialectId;
  readonly endpoints: readonly Endpoint[];
  /** Every setting's name here. */
  readonly settings: Readonly<Record<SettingName, SettingEntry>>;
  readonly content: ReadonlySet<ContentFeature>;
  /** Wire names of request fields that land in `extra` and only hint: another dialect leaves them out (named in a header) instead of refusing. */
  readonly extraHints: ReadonlySet<string>;
  /** Header by which the API's own SDKs find an answer's request id, where it is not `x-request-id`. */
  readonly requestIdHeader?: string;
  /** Whether answers repeat the request's settings (Responses): then `AnswerContext.request` is there. */
  readonly repeatsRequest?: boolean;
  readonly generate: GenerateCodec;
  readonly embed: EmbedCodec | null;
  readonly rerank: RerankCodec | null;
  readonly countTokens: CountCodec | null;
  readonly errors: ErrorCodec;
  /** Usage from the text that the tap of a passed stream or answer found (`grammar.usageKey`'s value, or the whole last line). */
  readUsage(json: string): NeutralUsage | null;
}

export type { GatewayError, Quirks, Target, Usage };
