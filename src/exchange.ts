/**
 * The shared words (DESIGN: caller, provider, deployment, model group, exchange, attempt, outcome, snapshot).
 * Rooms do not import each other; they import this file, `errors.ts` and `lib/`.
 */
import type { GatewayError, UpstreamErrorType } from "./errors.ts";
import type { Secret } from "./lib/secret.ts";

/** Who sends a request, as authenticated. */
export type Caller = { readonly name: string };

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

/** A place that serves models, ready to be called. */
export type Provider = {
  /** The config entry's name; a metric label. */
  readonly name: string;
  /** The definition's id, e.g. "openai-compatible". */
  readonly id: string;
  readonly dialect: string;
  readonly origin: Origin;
  /** Extra headers for every request to it. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Header that carries the credential, complete ("authorization", Secret "Bearer sk-…"); null sends none. */
  readonly credential: { readonly header: string; readonly value: Secret } | null;
  readonly maxConcurrent: number | null;
  readonly queue: QueueSettings | null;
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
  /** The public model group (its config key, so bounded): a metric label. */
  readonly group: string;
  readonly provider: Provider;
  /** The model's name there; `*` stands for what the caller's name had in the group's `*`. */
  readonly model: string;
  readonly timeouts: Timeouts;
};

export type ModelGroup = {
  /** As in the config: "gpt-4o" or "local/*" (one `*` at most). */
  readonly name: string;
  readonly deployments: readonly Deployment[];
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
  /** Asks for usage upstream where the caller did not, and withholds the extra event from it. */
  readonly streamUsage: boolean;
  readonly limits: {
    readonly maxConcurrent: number;
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
  readonly drain: { readonly delayMs: number; readonly timeoutMs: number };
  readonly log: { readonly level: LogLevel; readonly format: "json" | "text" };
  /** Settings that were understood but have no effect in this version, as sentences. */
  readonly warnings: readonly string[];
};

// ---- One request and everything that becomes of it -----------------------------------------------------------------

/** Token counts as a provider reports them; null where it said nothing. */
export type Usage = {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly reasoningTokens: number | null;
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
  /** A key whose value is a string once the answer is finished (`finish_reason`); null where there is none. */
  readonly finishKey: string | null;
  /** Whether an event (its data, decoded) carries nothing but the usage that we asked for. */
  readonly isUsageOnlyEvent: (data: string) => boolean;
  /** A complete event, its empty line included, that tells the caller of an error in its dialect. */
  readonly renderErrorEvent: (error: GatewayError) => string;
};
