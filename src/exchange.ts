/**
 * The shared words (DESIGN: caller, provider, deployment, model group, exchange, attempt, outcome, snapshot).
 * Rooms do not import each other; they import this file, `errors.ts` and `lib/`.
 */
import type { GatewayError, UpstreamErrorType } from "./errors.ts";
import type { Secret } from "./lib/secret.ts";
import type {
  AdaptiveSettings,
  BreakerSettings,
  Budget,
  HealthCheckSettings,
  Key,
  Price,
  RateLimits,
  ReservedShares,
  RetryBudgetSettings,
  RoutePolicy,
  SheddingSettings,
  Team,
} from "./policy.ts";

/** Who sends a request, as authenticated. */
export type Caller = {
  readonly name: string;
  /** null where no keys are configured: then every local caller is "anonymous". */
  readonly key: Key | null;
};

// ---- What a config compiles to -------------------------------------------------------------------------------------

/** Where a provider lives, parsed once from its `base_url`. */
export type Origin = {
  readonly tls: boolean;
  /** Host name or address to connect to, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Value for the Host header: the port only where it is not the scheme's own. */
  readonly hostHeader: string;
  /** Path before the endpoint's own, without a trailing slash: "/v1" or "". */
  readonly pathPrefix: string;
  /** Unix socket path when `base_url` is `unix:/path`; `host` is then "localhost". */
  readonly unixPath: string | null;
};

/** TLS towards a provider; PEM texts as read from the files. */
export type TlsSettings = {
  readonly caPem: string | null;
  readonly certPem: string | null;
  readonly keyPem: Secret | null;
  /** SNI and certificate name where it differs from the host. */
  readonly serverName: string | null;
  readonly verify: boolean;
};

/** An HTTP proxy (from HTTP_PROXY / HTTPS_PROXY or the provider's `proxy`). */
export type ProxySettings = {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** `user:password` for Proxy-Authorization: Basic. */
  readonly userInfo: Secret | null;
};

/** The four named stream timeouts, plus none: every value is finite. */
export type Timeouts = {
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
};

export type QueueSettings = { readonly size: number; readonly timeoutMs: number };

/** How a provider asks for reasoning, where its dialect has more than one way. */
export type ReasoningStyle =
  /** openai-chat: `reasoning_effort`. */
  | "effort"
  /** openai-chat: `reasoning: { effort | max_tokens, exclude }` (OpenRouter and those that follow it). */
  | "reasoning-object"
  /** openai-chat: `thinking: { type: "enabled" | "disabled" }` (DeepSeek, Z.ai, Volcengine, Moonshot). */
  | "thinking-type"
  /** openai-chat: `enable_thinking` and `thinking_budget` (Alibaba, SiliconFlow). */
  | "enable-thinking"
  /** openai-chat: `chat_template_kwargs: { enable_thinking }` (vLLM and those that serve it). */
  | "chat-template"
  /** Anthropic and what serves its models: `thinking.budget_tokens`. */
  | "budget"
  /** Anthropic: `thinking: { type: "adaptive" }` with `output_config.effort`. */
  | "adaptive"
  /** Anthropic: `output_config.effort` without a `thinking` of its own. */
  | "effort-only"
  /** Gemini 3: `thinkingLevel`; Gemini 2.5 takes "budget". */
  | "level"
  /** The model has no such setting. */
  | "none";

/** What a provider, or a family of models, does differently from its dialect. Data with a source, never code on the path. */
export type Quirks = {
  /** Settings (by their neutral names) that are refused although the dialect has them. */
  readonly refuses: readonly string[];
  /** Other wire names: { max_completion_tokens: "max_tokens" }. */
  readonly renames: Readonly<Record<string, string>>;
  /** null: as the dialect does by default. */
  readonly reasoning: ReasoningStyle | null;
  /** Efforts it knows, lowest first; others are moved to the nearest. null: all of the dialect's. */
  readonly efforts: readonly string[] | null;
  /** How JSON of a given schema is asked for: the dialect's own field, plain JSON mode, or a tool. null: the dialect's own. */
  readonly jsonSchema: "native" | "json-object" | "tool" | null;
  /** The most a model can write, where the dialect needs `max_tokens` and the caller gave none. */
  readonly maxOutputTokens: number | null;
  /** Content (by ContentFeature) that it refuses although the dialect has it. */
  readonly refusesContent: readonly string[];
  /** What a system message's role is called: "developer" for OpenAI's reasoning models. null: "system". */
  readonly systemRole: "system" | "developer" | null;
};

/** One API that a provider speaks, and where. */
export type Surface = {
  readonly dialect: string;
  /** Names of the provider's models that speak it here; null: every model. */
  readonly models: RegExp | null;
  /** Path after the base URL by endpoint name ("messages#stream" for its streams alone), `{model}` for the model's name; "" for the dialect's own; endpoints that are not named are not served. null: all of the dialect's, at its own paths. */
  readonly paths: Readonly<Record<string, string>> | null;
  /** Top-level members put into every JSON body; null takes one out (Vertex wants no `model`), "{model}" is the model's name there. */
  readonly body: Readonly<Record<string, string | number | boolean | null>>;
  /** Query added to every path, e.g. "api-version=2025-04-01-preview"; "" for none. */
  readonly query: string;
  /** Headers of this surface alone, e.g. `anthropic-version`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly quirks: Quirks;
};

/** What is signed or authorised: everything about a request but its credential. */
export type UnsignedRequest = {
  readonly method: string;
  /** Path with query, as it goes on the wire. */
  readonly path: string;
  readonly hostHeader: string;
  readonly body: Uint8Array | null;
};

/** How a request proves whose it is. */
export interface Authorizer {
  /** Header lines of this request. A promise only where something must be fetched first; throws GatewayError `upstream_error` when that fails. */
  authorize(request: UnsignedRequest): AuthHeaders | Promise<AuthHeaders>;
  /** The provider refused what was given: the next call fetches anew. */
  invalidate(): void;
}
export type AuthHeaders = readonly (readonly [name: string, value: string])[];

/** One of a provider's credentials. `id`: changes with the credential and tells nothing of it; what is known of it hangs on that. */
export type Credential =
  /** A header that never changes ("authorization", Secret "Bearer sk-…"). */
  | { readonly kind: "header"; readonly id: string; readonly header: string; readonly value: Secret }
  /** Signed per request, or fetched and renewed. */
  | { readonly kind: "authorizer"; readonly id: string; readonly authorizer: Authorizer };

/** A place that serves models, ready to be called. */
export type Provider = {
  /** The config entry's name; a metric label. */
  readonly name: string;
  /** The definition's id, e.g. "openai-compatible". */
  readonly id: string;
  /** In order of preference; the caller's own dialect wins where it is among them. */
  readonly surfaces: readonly Surface[];
  readonly origin: Origin;
  /** Extra headers for every request to it. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Used one at a time: the next when a provider refuses one (401, 402, 403, 429). None where it takes none. */
  readonly credentials: readonly Credential[];
  readonly maxConcurrent: number | null;
  /** Estimated tokens of all requests in flight to it. */
  readonly maxInFlightTokens: number | null;
  readonly queue: QueueSettings | null;
  /** Moves the bound of concurrent requests by the provider's own latency. */
  readonly adaptive: AdaptiveSettings | null;
  readonly retryBudget: RetryBudgetSettings;
  readonly budget: Budget | null;
  /** Answer headers that tell when its rate limits reset. */
  readonly rateLimitHeaders: readonly string[];
  readonly tls: TlsSettings;
  readonly proxy: ProxySettings | null;
  /** Changes whenever anything that shapes a connection changes (origin, TLS, proxy): the pool's key. */
  readonly poolKey: string;
  /** For `provider/model` names, which have no model group to say otherwise. */
  readonly timeouts: Timeouts;
  /** Whether the gateway answers for it by itself (the demo provider). */
  readonly isEmbedded: boolean;
};

/** One provider + the model's name there + its settings. */
export type Deployment = {
  /** The same over reloads while it is the same deployment: what is known of it hangs on that. */
  readonly id: string;
  /** The public model group (its config key, so bounded): a metric label. */
  readonly group: string;
  readonly provider: Provider;
  /** The model's name there; `*` stands for what the caller's name had in the group's `*`. */
  readonly model: string;
  readonly timeouts: Timeouts;
  /** null where the config says nothing: then 1, or its share of rpm or tpm where all of the group have one. */
  readonly weight: number | null;
  /** Order among the deployments of its group for the strategy `priority`: 0 is tried first. */
  readonly tier: number;
  readonly limits: RateLimits;
  readonly tags: readonly string[];
  readonly price: Price | null;
  /** Tokens of input and output together. */
  readonly contextWindow: number | null;
  readonly budget: Budget | null;
  readonly breaker: BreakerSettings;
  readonly healthCheck: HealthCheckSettings | null;
};

export type ModelGroup = {
  /** As in the config: "gpt-4o" or "local/*" (one `*` at most). */
  readonly name: string;
  readonly deployments: readonly Deployment[];
  readonly limits: RateLimits;
  readonly policy: RoutePolicy;
};

export type LogLevel = "debug" | "info" | "warn" | "error";

/** A validated config, compiled, immutable. Requests keep the one they began with. */
export type Snapshot = {
  readonly generation: number;
  readonly loadedAtMs: number;
  /** SHA-256 (hex) over every file that shaped it, secrets' files included. */
  readonly contentHash: string;
  readonly listen: {
    readonly unix: { readonly path: string; readonly mode: number } | null;
    readonly http: { readonly host: string; readonly port: number } | null;
    readonly ops: { readonly host: string; readonly port: number } | null;
  };
  readonly providers: ReadonlyMap<string, Provider>;
  readonly models: ReadonlyMap<string, ModelGroup>;
  /** One group for each provider, "openai/*", for names like `openai/gpt-4o` that no model names. */
  readonly implicitGroups: ReadonlyMap<string, ModelGroup>;
  /** By SHA-256 (lower-case hex) of the key; empty: every local caller is "anonymous". */
  readonly keys: ReadonlyMap<string, Key>;
  readonly teams: ReadonlyMap<string, Team>;
  /** Leaves out what a provider cannot express, and says so, instead of refusing the request. */
  readonly dropParams: boolean;
  /** Asks for usage upstream where the caller did not, and withholds the extra event from it. */
  readonly streamUsage: boolean;
  readonly limits: {
    readonly maxConcurrent: number;
    readonly rates: RateLimits;
    readonly reserved: ReservedShares;
    readonly shedding: SheddingSettings;
    readonly queue: QueueSettings | null;
    readonly maxHeadBytes: number;
    readonly maxHeaders: number;
    readonly maxBodyBytes: number;
    readonly headTimeoutMs: number;
    readonly bodyTimeoutMs: number;
    readonly keepAliveTimeoutMs: number;
    /** The same over all streams: beyond it the slowest caller is cut off. */
    readonly maxPendingBytesTotal: number;
    /** Bytes of request bodies held at once, over all callers. */
    readonly maxBufferedBytes: number;
    readonly maxConnections: number;
  };
  readonly pool: { readonly maxIdle: number; readonly idleTimeoutMs: number; readonly maxReadBytes: number };
  /** Where responses are kept for providers that keep none; `file` null: in memory. Read once, at start. */
  readonly responses: {
    readonly file: string | null;
    readonly maxEntries: number;
    readonly maxBytes: number;
    readonly ttlMs: number;
  };
  readonly drain: { readonly delayMs: number; readonly timeoutMs: number };
  readonly log: { readonly level: LogLevel; readonly format: "json" | "text" };
  /** Settings that were understood but have no effect in this version, as sentences. */
  readonly warnings: readonly string[];
};

// ---- One request and everything that becomes of it -----------------------------------------------------------------

/** Token counts as a provider reports them, in one meaning for all dialects; null where it said nothing. */
export type Usage = {
  /** Everything read: cached and cache-written tokens included, whatever the provider's own field leaves out. */
  readonly inputTokens: number | null;
  /** Everything written, reasoning included. */
  readonly outputTokens: number | null;
  /** Of the input: read from a prompt cache. */
  readonly cachedTokens: number | null;
  /** Of the input: written to a prompt cache (any lifetime). */
  readonly cacheWriteTokens: number | null;
  /** Of the cache-written: those kept for an hour. */
  readonly cacheWrite1hTokens: number | null;
  /** Of the output. */
  readonly reasoningTokens: number | null;
  readonly audioInputTokens: number | null;
  readonly audioOutputTokens: number | null;
  /** Of the output: of a predicted text, what was used and what was not. */
  readonly acceptedPredictionTokens: number | null;
  readonly rejectedPredictionTokens: number | null;
  /** Of the input: results of tools the provider ran by itself. */
  readonly toolInputTokens: number | null;
  /** Searches the provider ran by itself. */
  readonly webSearches: number | null;
};

export type UsageSource = "provider" | "estimated" | "none";

/** Where an exchange was when it ended. */
export type Phase = "reading" | "queued" | "connecting" | "waiting" | "streaming" | "done";

/** How an exchange ended, told once. */
export type Outcome =
  | { readonly kind: "finished" }
  /** The provider answered with an error of its own, which was passed on. */
  | { readonly kind: "provider-error"; readonly status: number }
  /** The caller left. */
  | { readonly kind: "cancelled"; readonly phase: Phase }
  /** The stream broke after bytes had reached the caller. */
  | { readonly kind: "truncated"; readonly error: GatewayError }
  /** The gateway answered with an error: refused, or no provider could be made to answer. */
  | { readonly kind: "failed"; readonly error: GatewayError };

/** Everything that counts about one exchange; observers get it exactly once, when it is settled. */
export type ExchangeRecord = {
  readonly requestId: string;
  readonly caller: string;
  /** The endpoint's fixed name, e.g. "chat.completions"; bounded. */
  readonly endpoint: string;
  /** The model group's config name, "" when none was found; bounded, never the caller's own text. */
  readonly group: string;
  /** The provider entry's name, "" when none was reached. */
  readonly provider: string;
  /** Status sent to the caller; 499 when it left before any (nginx's word for it). */
  readonly status: number;
  readonly isStream: boolean;
  readonly attempts: number;
  readonly startedAtMs: number;
  readonly totalMs: number;
  /** Start of the exchange → first byte of the answer's body sent to the caller; null when none was. */
  readonly firstByteMs: number | null;
  /** Time that was the gateway's own: total before the upstream request was sent, plus after its last byte. */
  readonly overheadMs: number;
  /** Caller gone → upstream closed; null when it did not leave. */
  readonly abortMs: number | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly usage: Usage;
  readonly usageSource: UsageSource;
  readonly outcome: Outcome;
  /** What to count against the provider; null when nothing was its fault. */
  readonly upstreamErrorType: UpstreamErrorType | null;
};

/** What routing and admission count beside exchanges; each has one label from a closed list or from the config. */
export type RouteCounter =
  /** A further attempt; label: the class of the failure before it. */
  | "retries"
  /** An attempt in another model group; label: that group. */
  | "fallbacks"
  /** A second attempt beside a slow one; label: whether its answer was taken ("true", "false"). */
  | "hedges"
  /** A stream continued elsewhere; label: the deployment's group. */
  | "resumes"
  /** A request refused by a rate or by its caller's places; label: the scope. */
  | "rate_limited"
  /** A request refused before memory or the event loop gave out; label: its class. */
  | "shed"
  /** An active health check; label: its result. */
  | "health_checks";

/** Who listens to exchanges; no room imports its observers. */
export interface ExchangeObserver {
  onSettled(record: ExchangeRecord): void;
}

// ---- What a dialect says about its streams -------------------------------------------------------------------------

/** How to read one dialect's event stream in passing, and how to speak an error into it. */
export type StreamGrammar = {
  /** Texts that mark the end of the answer wherever they stand, e.g. `"response.completed"` with its quotes. */
  readonly endMarks: readonly string[];
  /** Whether `data: [DONE]` ends the stream. */
  readonly hasDoneMark: boolean;
  /** A key whose value is a string (or `true`) once the answer is finished (`finish_reason`); null where there is none. */
  readonly finishKey: string | null;
  /** The key of the usage object ("usage", "usageMetadata"); "" where usage stands on the last line itself (Ollama). */
  readonly usageKey: string;
  /** A text that stands in an error's event where no `error` member does (the binary event stream's `:exception-type`). */
  readonly errorMark?: string;
  /** How the stream is cut into events; what an error event may be appended to. */
  readonly framing: "sse" | "ndjson" | "json-array" | "event-stream";
  /** Whether an event (its data, decoded) carries nothing but the usage that we asked for. */
  readonly isUsageOnlyEvent: (data: string) => boolean;
  /** A complete event, its empty line included, that tells the caller of an error in its dialect. */
  readonly renderErrorEvent: (error: GatewayError) => string | Uint8Array;
};
