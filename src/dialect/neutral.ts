/**
 * The neutral form: what every dialect reads its requests, answers, streams and errors into, and writes them from. N dialects cost
 * N folders, not N × N (DESIGN section 4).
 *
 * Two rules hold throughout:
 * - `extra` holds the members of the wire object that the neutral form has no word for. They mean something to the dialect they
 *   were read from only: its writer puts them back (`request.dialect`, `answer.dialect` say which it is), another's never looks at them.
 * - what only its own provider understands (signatures, encrypted reasoning) is `Opaque`: it says whose it is, and travels through
 *   other dialects and back byte for byte.
 */
import type { ErrorCode } from "../errors.ts";
import type { Usage } from "../exchange.ts";
import type { Json, JsonObject } from "../lib/json.ts";

export type DialectId =
  "openai-chat" | "openai-responses" | "anthropic-messages" | "gemini" | "bedrock-converse" | "cohere" | "ollama";

// ---- Parts ---------------------------------------------------------------------------------------------------------

/** Whose opaque data it is: Anthropic's signatures are the same at Anthropic, Vertex and Bedrock. */
export type OpaqueOwner = "openai" | "anthropic" | "google" | "openai-chat" | "cohere";
export type Opaque = { readonly owner: OpaqueOwner; readonly data: string };

/** Where a prompt cache may end: after the part (or tool) that carries it. `ttl` null: the provider's default. */
export type CacheHint = { readonly ttl: "5m" | "1h" | null };

export type MediaSource =
  | { readonly kind: "data"; readonly mediaType: string; /** Base64, standard alphabet. */ readonly data: string }
  | { readonly kind: "url"; readonly url: string; readonly mediaType: string | null }
  /** A file the provider holds already, by its id there. */
  | { readonly kind: "file-id"; readonly id: string; readonly mediaType: string | null };

export type Citation = {
  /** What is cited: a web page, or one of the request's documents (by its index among them, and its id where it has one). */
  readonly url: string | null;
  readonly title: string | null;
  readonly documentIndex: number | null;
  readonly documentId: string | null;
  readonly citedText: string | null;
  /** Where in the answer's part it applies: UTF-16 units [start, end); null: to the part as a whole. */
  readonly start: number | null;
  readonly end: number | null;
  /** Where in the source, in the source's own unit. */
  readonly sourceStart: number | null;
  readonly sourceEnd: number | null;
  readonly sourceUnit: "char" | "page" | "block" | null;
  readonly extra: JsonObject | null;
};

/** All of it unsaid: what a reader spreads before its own. */
export const NO_CITATION: Citation = {
  url: null,
  title: null,
  documentIndex: null,
  documentId: null,
  citedText: null,
  start: null,
  end: null,
  sourceStart: null,
  sourceEnd: null,
  sourceUnit: null,
  extra: null,
};

export type TokenLogprob = {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[] | null;
  readonly top: readonly {
    readonly token: string;
    readonly logprob: number;
    readonly bytes: readonly number[] | null;
  }[];
};

type PartBase = { readonly cache?: CacheHint; readonly extra?: JsonObject };

export type TextPart = PartBase & {
  readonly kind: "text";
  readonly text: string;
  readonly citations?: readonly Citation[];
  /** Gemini signs text parts too. */
  readonly signature?: Opaque;
};
export type ImagePart = PartBase & {
  readonly kind: "image";
  readonly source: MediaSource;
  readonly detail?: "low" | "high" | "auto" | "original";
  readonly signature?: Opaque;
};
export type AudioPart = PartBase & {
  readonly kind: "audio";
  readonly source: MediaSource;
  /** In an answer: the words spoken, the id by which the next turn refers to it, and until when (s since 1970). */
  readonly transcript?: string;
  readonly id?: string;
  readonly expiresAt?: number;
};
export type VideoPart = PartBase & { readonly kind: "video"; readonly source: MediaSource };
/** A document: PDF, text, office formats. Plain text travels as `data` with mediaType text/plain. */
export type FilePart = PartBase & {
  readonly kind: "file";
  readonly source: MediaSource;
  readonly name?: string;
  /** What the file is about, for the model. */
  readonly context?: string;
  /** Whether the answer should cite it. */
  readonly isCited?: boolean;
};
export type ReasoningPart = PartBase & {
  readonly kind: "reasoning";
  /** The reasoning itself or the summary that the provider gives of it; "" where all of it is encrypted. */
  readonly text: string;
  /** Whether `text` is a summary (OpenAI Responses) and not the reasoning. */
  readonly isSummary?: boolean;
  /** Several summary paragraphs, where the provider tells them apart; together they are `text`, joined by an empty line. */
  readonly summaries?: readonly string[];
  readonly id?: string;
  /** Proves that the text is the provider's own; comes back unchanged on the next turn. */
  readonly signature?: Opaque;
  /** The reasoning itself, encrypted. */
  readonly encrypted?: Opaque;
};
export type ToolCallPart = PartBase & {
  readonly kind: "tool-call";
  readonly id: string;
  readonly name: string;
  /** JSON text of the arguments, as the model wrote it; of a custom tool, its plain input. "{}" where a function got none. */
  readonly arguments: string;
  readonly isCustom?: boolean;
  /** Gemini's thought signature stands on the call. */
  readonly signature?: Opaque;
};
export type ToolResultPart = PartBase & {
  readonly kind: "tool-result";
  readonly callId: string;
  /** The tool's name where the dialect says it (Gemini, Ollama); writers that need one look it up by `callId`. */
  readonly name?: string;
  readonly content: readonly Part[];
  readonly isError?: boolean;
  /** Of a custom tool's call. */
  readonly isCustom?: boolean;
};
export type RefusalPart = PartBase & { readonly kind: "refusal"; readonly text: string };
/** A block only its own dialect knows (server tools and their results, MCP, code execution): passed back as it came. */
export type NativePart = PartBase & {
  readonly kind: "native";
  readonly dialect: DialectId;
  readonly value: JsonObject;
};

export type Part =
  | TextPart
  | ImagePart
  | AudioPart
  | VideoPart
  | FilePart
  | ReasoningPart
  | ToolCallPart
  | ToolResultPart
  | RefusalPart
  | NativePart;
export type PartKind = Part["kind"];

// ---- Request -------------------------------------------------------------------------------------------------------

/** `tool` holds tool results only; a dialect that keeps them in a user message reads them into messages of their own, in order. */
export type Role = "system" | "developer" | "user" | "assistant" | "tool";
export type NeutralMessage = {
  readonly role: Role;
  readonly parts: readonly Part[];
  readonly name?: string;
  readonly extra?: JsonObject;
};

export type NeutralTool =
  | {
      readonly kind: "function";
      readonly name: string;
      readonly description: string | null;
      /** JSON Schema; null: it takes no arguments. */
      readonly parameters: JsonObject | null;
      readonly isStrict: boolean | null;
      readonly cache?: CacheHint;
      readonly extra?: JsonObject;
    }
  /** Free text in, by a grammar or without one (OpenAI). */
  | {
      readonly kind: "custom";
      readonly name: string;
      readonly description: string | null;
      readonly format: JsonObject | null;
      readonly extra?: JsonObject;
    }
  /** A search of the web that the provider runs by itself. */
  | {
      readonly kind: "web-search";
      readonly maxUses: number | null;
      readonly allowedDomains: readonly string[] | null;
      readonly blockedDomains: readonly string[] | null;
      readonly country: string | null;
      readonly city: string | null;
      readonly contextSize: "low" | "medium" | "high" | null;
      readonly extra?: JsonObject;
    }
  /** Any other tool of the provider's own. */
  | { readonly kind: "native"; readonly dialect: DialectId; readonly value: JsonObject };

export type ToolChoice =
  | { readonly kind: "auto" | "none" | "required" }
  | { readonly kind: "tool"; readonly name: string }
  /** Only these of the tools; `isRequired`: one of them must be called. */
  | { readonly kind: "allowed"; readonly names: readonly string[]; readonly isRequired: boolean };

export type ResponseFormat =
  | { readonly kind: "text" }
  | { readonly kind: "json" }
  | {
      readonly kind: "json-schema";
      readonly name: string;
      readonly description: string | null;
      readonly schema: JsonObject;
      readonly isStrict: boolean | null;
    };

export type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";
export type ReasoningSettings = {
  readonly effort: ReasoningEffort | null;
  /** Tokens it may take; -1: as many as the model likes (Gemini's dynamic budget). */
  readonly budgetTokens: number | null;
  /** Said in so many words: false switches reasoning off, true on (Anthropic's `thinking.type`, Ollama's `think`). */
  readonly isEnabled: boolean | null;
  /** The model decides how much (Anthropic's adaptive thinking). */
  readonly isAdaptive: boolean | null;
  /** What of it is shown: "none" hides it; OpenAI's summary words. */
  readonly show: "none" | "auto" | "concise" | "detailed" | null;
};

/** Every setting of a request beside its messages; absent or null: the caller said nothing. */
export type RequestSettings = {
  readonly maxTokens: number | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly topK: number | null;
  readonly minP: number | null;
  readonly seed: number | null;
  readonly stop: readonly string[] | null;
  readonly frequencyPenalty: number | null;
  readonly presencePenalty: number | null;
  readonly repetitionPenalty: number | null;
  readonly logitBias: JsonObject | null;
  /** How many answers. */
  readonly choices: number | null;
  readonly logprobs: boolean | null;
  readonly topLogprobs: number | null;
  readonly toolChoice: ToolChoice | null;
  readonly parallelToolCalls: boolean | null;
  readonly responseFormat: ResponseFormat | null;
  readonly reasoning: ReasoningSettings | null;
  readonly verbosity: "low" | "medium" | "high" | null;
  /** What the answer is made of beside text: "audio", "image". */
  readonly modalities: readonly string[] | null;
  readonly audio: { readonly voice: Json; readonly format: string | null } | null;
  /** A text that the answer will largely repeat. */
  readonly prediction: readonly Part[] | null;
  readonly user: string | null;
  readonly metadata: JsonObject | null;
  readonly serviceTier: string | null;
  readonly promptCacheKey: string | null;
  /** "24h" and such: how long the prompt's cache is kept. */
  readonly promptCacheRetention: string | null;
  /** A cache hint for the whole request (Anthropic's top-level `cache_control`). */
  readonly cache: CacheHint | null;
  readonly isStored: boolean | null;
  readonly previousResponseId: string | null;
  readonly safetySettings: readonly Json[] | null;
};
export type SettingName = keyof RequestSettings;

export type NeutralRequest = RequestSettings & {
  /** The dialect it was read from. */
  readonly dialect: DialectId;
  /** The caller's name for the model. */
  readonly model: string;
  readonly isStream: boolean;
  /** Whether the caller asked for usage in its stream; true in dialects that always send it. */
  readonly wantsStreamUsage: boolean;
  /** In order; system and developer messages stand where the caller put them (first, in dialects with a field of their own). */
  readonly messages: readonly NeutralMessage[];
  readonly tools: readonly NeutralTool[];
  readonly extra: JsonObject | null;
};

/** All settings unsaid: what a reader spreads before its own. */
export const NO_SETTINGS: RequestSettings = {
  maxTokens: null,
  temperature: null,
  topP: null,
  topK: null,
  minP: null,
  seed: null,
  stop: null,
  frequencyPenalty: null,
  presencePenalty: null,
  repetitionPenalty: null,
  logitBias: null,
  choices: null,
  logprobs: null,
  topLogprobs: null,
  toolChoice: null,
  parallelToolCalls: null,
  responseFormat: null,
  reasoning: null,
  verbosity: null,
  modalities: null,
  audio: null,
  prediction: null,
  user: null,
  metadata: null,
  serviceTier: null,
  promptCacheKey: null,
  promptCacheRetention: null,
  cache: null,
  isStored: null,
  previousResponseId: null,
  safetySettings: null,
};

// ---- Answer --------------------------------------------------------------------------------------------------------

export type FinishKind =
  | "stop"
  /** One of the caller's stop sequences. */
  | "stop-sequence"
  | "length"
  /** The model's context was full. */
  | "context-window"
  | "tool-calls"
  /** A filter of the provider's cut it. */
  | "content-filter"
  /** The model itself refused. */
  | "refusal"
  /** The provider paused a long turn; the caller may send it back to go on. */
  | "pause"
  | "error"
  | "other";
export type Finish = {
  readonly kind: FinishKind;
  /** The provider's own word; writers of the same dialect use it. */
  readonly native: string | null;
  readonly stopSequence: string | null;
};

export type NeutralUsage = Usage & {
  /** Members of the provider's usage object that `Usage` has no word for. */
  readonly extra: JsonObject | null;
};

export type NeutralChoice = {
  readonly index: number;
  readonly parts: readonly Part[];
  readonly finish: Finish | null;
  readonly logprobs: readonly TokenLogprob[] | null;
  readonly extra: JsonObject | null;
};

export type NeutralAnswer = {
  readonly dialect: DialectId;
  readonly id: string | null;
  readonly model: string | null;
  /** Seconds since 1970. */
  readonly createdAt: number | null;
  readonly choices: readonly NeutralChoice[];
  readonly usage: NeutralUsage | null;
  readonly serviceTier: string | null;
  readonly extra: JsonObject | null;
};

// ---- Stream --------------------------------------------------------------------------------------------------------

/**
 * An answer as it comes. Order, kept by every reader and relied on by every writer:
 *
 *   message-start, then for each part: part-start, deltas, part-end; then finish (one for each choice), usage, message-end
 *
 * - `part` counts from 0 within its choice, in order of part-start; parts of one choice may be open at once (interleaved tool calls).
 * - a reader closes every open part before the choice's finish, and sends message-end only when the provider's own end was seen.
 * - usage may come more than once and anywhere after message-start; the later one is complete (readers merge).
 * - `error` ends the stream; nothing follows.
 */
export type NeutralEvent =
  | {
      readonly kind: "message-start";
      readonly id: string | null;
      readonly model: string | null;
      readonly createdAt: number | null;
      readonly serviceTier: string | null;
      readonly extra: JsonObject | null;
    }
  | { readonly kind: "part-start"; readonly choice: number; readonly part: number; readonly start: PartStart }
  /** For text and refusal parts. */
  | { readonly kind: "text-delta"; readonly choice: number; readonly part: number; readonly text: string }
  | {
      readonly kind: "reasoning-delta";
      readonly choice: number;
      readonly part: number;
      readonly text: string;
      /** The text is the empty line between two summary paragraphs, and nothing else. */
      readonly isBreak?: boolean;
    }
  /** For reasoning parts (and Gemini's text and tool calls): the signature or the encrypted block, whole. */
  | {
      readonly kind: "signature";
      readonly choice: number;
      readonly part: number;
      readonly slot: "signature" | "encrypted";
      readonly opaque: Opaque;
    }
  | {
      readonly kind: "tool-call-arguments-delta";
      readonly choice: number;
      readonly part: number;
      readonly text: string;
    }
  | { readonly kind: "citation"; readonly choice: number; readonly part: number; readonly citation: Citation }
  /** Spoken audio (base64) and its words, either may be "". */
  | {
      readonly kind: "audio-delta";
      readonly choice: number;
      readonly part: number;
      readonly data: string;
      readonly transcript: string;
    }
  | { readonly kind: "logprobs"; readonly choice: number; readonly tokens: readonly TokenLogprob[] }
  | { readonly kind: "part-end"; readonly choice: number; readonly part: number; readonly extra: JsonObject | null }
  | { readonly kind: "finish"; readonly choice: number; readonly finish: Finish; readonly extra: JsonObject | null }
  | { readonly kind: "usage"; readonly usage: NeutralUsage }
  | { readonly kind: "message-end"; readonly extra: JsonObject | null }
  | { readonly kind: "keep-alive" }
  | { readonly kind: "error"; readonly error: NeutralError };

export type PartStart =
  | { readonly kind: "text"; readonly extra?: JsonObject }
  | { readonly kind: "refusal"; readonly extra?: JsonObject }
  | { readonly kind: "reasoning"; readonly id?: string; readonly isSummary?: boolean; readonly extra?: JsonObject }
  | {
      readonly kind: "tool-call";
      readonly id: string;
      readonly name: string;
      readonly isCustom?: boolean;
      readonly signature?: Opaque;
      readonly extra?: JsonObject;
    }
  | {
      readonly kind: "audio";
      readonly id?: string;
      readonly format: string;
      readonly expiresAt?: number;
      readonly extra?: JsonObject;
    }
  /** A part that comes as one piece: images, files, native blocks. No deltas follow, only its part-end. */
  | { readonly kind: "whole"; readonly part: Part };

// ---- Errors --------------------------------------------------------------------------------------------------------

/** A provider's error (or ours) on its way to a caller of any dialect. */
export type NeutralError = {
  readonly code: ErrorCode;
  /** HTTP status for the caller. */
  readonly status: number;
  readonly message: string;
  readonly param: string | null;
  /** The finer code: a dialect's own word such as `model_not_found`. */
  readonly detail: string | null;
  readonly source: "gateway" | "provider";
  readonly retryAfterSeconds: number | null;
};

// ---- Embeddings, rerank, token counts ------------------------------------------------------------------------------

export type EmbedRequest = {
  readonly dialect: DialectId;
  readonly model: string;
  /** Each is text, token ids (OpenAI), or parts (multimodal models). */
  readonly inputs: readonly (string | readonly number[] | readonly Part[])[];
  /** Whether the caller sent one input bare, so that the answer has that form where the dialect knows one. */
  readonly isSingle: boolean;
  readonly dimensions: number | null;
  /** How numbers are written. */
  readonly encodings: readonly ("float" | "base64" | "int8" | "uint8" | "binary" | "ubinary")[];
  /** What they are for, in Cohere's words: search_document, search_query, classification, clustering, image … */
  readonly purpose: string | null;
  readonly title: string | null;
  readonly truncate: "none" | "start" | "end" | null;
  readonly user: string | null;
  readonly extra: JsonObject | null;
};
export type EmbedAnswer = {
  readonly dialect: DialectId;
  readonly id: string | null;
  readonly model: string | null;
  /** In the order of the inputs; for each the encodings that were asked for. base64 is little-endian float32 (OpenAI). */
  readonly vectors: readonly { readonly [encoding: string]: readonly number[] | string }[];
  readonly usage: NeutralUsage | null;
  readonly extra: JsonObject | null;
};

export type RerankRequest = {
  readonly dialect: DialectId;
  readonly model: string;
  readonly query: string;
  /** Text, or an object with fields (Cohere v1). */
  readonly documents: readonly (string | JsonObject)[];
  readonly topN: number | null;
  readonly returnsDocuments: boolean | null;
  readonly maxTokensPerDocument: number | null;
  readonly extra: JsonObject | null;
};
export type RerankAnswer = {
  readonly dialect: DialectId;
  readonly id: string | null;
  readonly model: string | null;
  readonly results: readonly { readonly index: number; readonly score: number; readonly document: Json }[];
  readonly usage: NeutralUsage | null;
  readonly searchUnits: number | null;
  readonly extra: JsonObject | null;
};

export type TokenCount = {
  readonly inputTokens: number;
  readonly cachedTokens: number | null;
  readonly extra: JsonObject | null;
};
