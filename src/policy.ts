/**
 * What a config says of routing and admission, compiled: limits, strategies, retries, breakers. Shared words, as in `exchange.ts`;
 * every value is filled in, so that no mechanism knows a default.
 */

/** Classes of requests, the most urgent first. */
export const PRIORITIES = ["high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What one scope (gateway, key, team, model, deployment) may use; null: no limit. */
export type RateLimits = {
  /** Requests per minute. */
  readonly rpm: number | null;
  /** Tokens per minute, input and output. */
  readonly tpm: number | null;
  readonly maxConcurrent: number | null;
  /** Estimated tokens of all requests in flight. */
  readonly maxInFlightTokens: number | null;
};

export const NO_LIMITS: RateLimits = { rpm: null, tpm: null, maxConcurrent: null, maxInFlightTokens: null };

/** A virtual key, as the config gives it out. */
export type Key = {
  readonly name: string;
  /** SHA-256 of the key, lower-case hex. */
  readonly sha256: string;
  /** Models it may call ("local/*" with one `*` at the end); null: all. */
  readonly models: readonly string[] | null;
  readonly limits: RateLimits;
  readonly tags: readonly string[];
  readonly team: string | null;
  /** The most urgent class its requests may ask for. */
  readonly maxPriority: Priority;
  /** Whether it may ask for the trace of a routing decision. */
  readonly mayDebug: boolean;
};

export type Team = { readonly name: string; readonly limits: RateLimits };

/** US dollars per million tokens, as providers' price pages say it. */
export type Price = { readonly input: number; readonly output: number };

/** What may be spent in each window (whole windows since 1970, UTC). */
export type Budget = { readonly usd: number; readonly windowMs: number };

export type BreakerSettings = {
  /** Failures in a row that open it. */
  readonly consecutive: number;
  /** Share of failures in the window that opens it (0 to 1) … */
  readonly failureShare: number;
  readonly windowMs: number;
  /** … once there were so many requests in it. */
  readonly minimum: number;
  /** How long it stays open the first time; it grows with every probe that fails, up to a minute. */
  readonly openMs: number;
  /** Over what time the traffic comes back after it closed. */
  readonly slowStartMs: number;
};

export type HealthCheckSettings = { readonly intervalMs: number; readonly timeoutMs: number };

/** Adaptive concurrency towards a provider, between these bounds. */
export type AdaptiveSettings = { readonly min: number; readonly max: number };

/** How much of a provider's traffic may be retries. */
export type RetryBudgetSettings = { readonly share: number; readonly minPerSecond: number };

/** Why an attempt failed; decides what comes next. Closed list. */
export const FAILURE_CLASSES = [
  /** No connection: name, TCP, TLS, proxy, or the time for it. Nothing was sent. */
  "connect",
  /** The provider did not begin to answer in time, or went silent before anything reached the caller. */
  "timeout",
  /** 429. */
  "rate_limit",
  /** 5xx, a reset, a broken or cut answer of which nothing reached the caller. */
  "server",
  /** 401, 402, 403: the credential. */
  "auth",
  /** 404: the model is not there. */
  "not_found",
  /** The request is too long for the model. */
  "context_window",
  /** The provider's content filter refused it. */
  "content_policy",
  /** Any other 4xx: the caller's own. */
  "bad_request",
] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

export type RetrySettings = {
  /** Further attempts in one model group, whatever the classes say. */
  readonly max: number;
  /** Further attempts after a failure of each class, at the same deployment or another one. */
  readonly perClass: Readonly<Record<FailureClass, number>>;
  /** Full jitter: a random wait between 0 and base × 2^n, at most max. Only before going back to a deployment that failed. */
  readonly backoff: { readonly baseMs: number; readonly maxMs: number };
  /** A Retry-After longer than this is not waited for. */
  readonly maxRetryAfterMs: number;
};

export type HedgeSettings = {
  /** Wait before a second attempt is sent; "p95": of the model group's own time to first byte. */
  readonly after: number | "p95";
  /** Bound of the extra requests, as a share of all (0 to 1). */
  readonly maxExtra: number;
};

/** A stream that begins too slowly is tried elsewhere while nothing of it has reached the caller. */
export type SlowAnswerSettings = { readonly minCharsPerSecond: number; readonly withinMs: number };

/** A rule of the strategy `conditional`, its expression compiled. */
export type ConditionalRule = {
  /** As written. */
  readonly when: string;
  /** `facts`: see route/facts.ts. A rule that cannot be evaluated (a missing key) does not hold. */
  readonly test: (facts: unknown) => boolean;
  /** The deployments it leads to: those with one of the tags, of one of the providers, with one of the model names; all that are given must fit. */
  readonly use: {
    readonly tags: readonly string[] | null;
    readonly providers: readonly string[] | null;
    readonly models: readonly string[] | null;
  };
};

export type StrategySettings =
  /** Weighted chance; `by` what: the weights, or the deployments' rpm or tpm. */
  | { readonly name: "simple-shuffle"; readonly by: "weight" | "rpm" | "tpm" }
  | { readonly name: "round-robin" }
  | { readonly name: "least-busy" }
  /** Deployments within `buffer` (0.1: 10 %) of the fastest are equals. */
  | { readonly name: "lowest-latency"; readonly buffer: number }
  | { readonly name: "lowest-cost" }
  | { readonly name: "lowest-usage" }
  | { readonly name: "budget" }
  /** `default`: the tags of requests that have none. `match`: whether a deployment needs one of them or all. */
  | { readonly name: "tags"; readonly default: readonly string[]; readonly match: "any" | "all" }
  | { readonly name: "conditional"; readonly rules: readonly ConditionalRule[] }
  | {
      readonly name: "affinity";
      readonly by:
        | { readonly kind: "header"; readonly header: string }
        | { readonly kind: "user" }
        | { readonly kind: "prompt-prefix"; readonly bytes: number };
    }
  | { readonly name: "priority" };

/** How a model group's requests are routed; also what `provider/model` names get, from the defaults. */
export type RoutePolicy = {
  /** The outermost first; the last one picks. */
  readonly strategy: readonly StrategySettings[];
  readonly retry: RetrySettings;
  /** Model names, in order. */
  readonly fallbacks: readonly string[];
  readonly contextWindowFallbacks: readonly string[];
  readonly contentPolicyFallbacks: readonly string[];
  readonly hedge: HedgeSettings | null;
  readonly slowAnswer: SlowAnswerSettings | null;
  /** Whether a plain text that broke off in mid-stream is continued elsewhere. */
  readonly resume: "off" | "text";
  /** What becomes of a request when every deployment is out. */
  readonly whenAllOut: "refuse" | "least-bad";
};

/** When requests are shed before memory or the event loop gives out; the lowest class first. */
export type SheddingSettings = {
  /** Share of the memory limit (cgroup, or the machine's) at which it begins (0 to 1); null: never. */
  readonly memoryShare: number | null;
  /** Delay of the event loop at which it begins; null: never. */
  readonly loopDelayMs: number | null;
};

/** Shares of the gateway's slots kept for a class and those above it (0 to 1). */
export type ReservedShares = { readonly high: number; readonly normal: number };
