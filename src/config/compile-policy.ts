import type { Deployment } from "../exchange.ts";
import type {
  BreakerSettings,
  Budget,
  HealthCheckSettings,
  RateLimits,
  RetrySettings,
  RoutePolicy,
} from "../policy.ts";
import type { CompileContext } from "./compile-provider.ts";
import {
  checkStrategy,
  DEFAULT_STRATEGY,
  readStrategy,
  settleStrategy,
  type StrategyDraft,
} from "./compile-strategy.ts";
import { formatPath, type Path } from "./problem.ts";
import type { DefaultsEntry, DeploymentEntry, ModelEntry } from "./schema.ts";

/** Where nothing says otherwise; the figures are the reference page's. */
const DEFAULT_RETRIES = 2;
const DEFAULT_BACKOFF = { baseMs: 250, maxMs: 8_000 };
const DEFAULT_MAX_RETRY_AFTER_MS = 10_000;
const DEFAULT_BREAKER: BreakerSettings = {
  consecutive: 5,
  failureShare: 0.5,
  windowMs: 60_000,
  minimum: 10,
  openMs: 5_000,
  slowStartMs: 10_000,
};

/** `defaults`, read once for all models. */
export type PolicyDefaults = {
  readonly entry: DefaultsEntry;
  readonly strategy: readonly StrategyDraft[];
  readonly breaker: BreakerSettings;
  readonly healthCheck: HealthCheckSettings | null;
};

type Entry = Pick<
  ModelEntry,
  | "strategy"
  | "retries"
  | "retry"
  | "fallbacks"
  | "context_window_fallbacks"
  | "content_policy_fallbacks"
  | "hedge"
  | "slow_answer"
  | "resume"
  | "when_all_out"
>;

/** The section `defaults` → what models are compiled over. */
export function readPolicyDefaults(
  entry: DefaultsEntry,
  providers: ReadonlySet<string> | null,
  context: CompileContext,
): PolicyDefaults {
  compileRetry(entry, {}, ["defaults"], context);
  const strategy =
    entry.strategy === undefined
      ? DEFAULT_STRATEGY
      : readStrategy(entry.strategy, ["defaults", "strategy"], providers, context);
  return {
    entry,
    strategy,
    breaker: mergeBreaker(DEFAULT_BREAKER, entry.breaker),
    healthCheck: compileHealthCheck(entry.health_check) ?? null,
  };
}

/** How one model's requests are routed: what its entry says, over the defaults. */
export function compilePolicy(
  name: string,
  entry: Entry,
  deployments: readonly Deployment[],
  defaults: PolicyDefaults,
  providers: ReadonlySet<string> | null,
  context: CompileContext,
): RoutePolicy {
  const path: Path = ["models", name];
  let drafts = defaults.strategy;
  if (entry.strategy !== undefined) {
    const strategyPath = [...path, "strategy"];
    drafts = readStrategy(entry.strategy, strategyPath, providers, context);
    checkStrategy(drafts, strategyPath, deployments, context);
  }
  return assemble(
    name,
    entry,
    settleStrategy(drafts, deployments),
    compileRetry(entry, defaults.entry, path, context),
    defaults,
  );
}

/** How requests for `PROVIDER/MODEL` are routed: by the defaults alone. */
export function compileImplicitPolicy(
  name: string,
  deployments: readonly Deployment[],
  defaults: PolicyDefaults,
  context: CompileContext,
): RoutePolicy {
  const strategy = settleStrategy(defaults.strategy, deployments);
  return assemble(name, {}, strategy, compileRetry({}, defaults.entry, ["defaults"], context), defaults);
}

function assemble(
  name: string,
  entry: Entry,
  strategy: RoutePolicy["strategy"],
  retry: RetrySettings,
  { entry: defaults }: PolicyDefaults,
): RoutePolicy {
  const list = (field: "fallbacks" | "context_window_fallbacks" | "content_policy_fallbacks"): readonly string[] =>
    entry[field] ?? defaults[field]?.filter((model) => model !== name) ?? [];
  const hedge = entry.hedge === undefined ? (defaults.hedge ?? null) : entry.hedge;
  const slow = entry.slow_answer === undefined ? (defaults.slow_answer ?? null) : entry.slow_answer;
  return {
    strategy,
    retry,
    fallbacks: list("fallbacks"),
    contextWindowFallbacks: list("context_window_fallbacks"),
    contentPolicyFallbacks: list("content_policy_fallbacks"),
    hedge: hedge === null ? null : { after: hedge.after, maxExtra: hedge.max_extra },
    slowAnswer: slow === null ? null : { minCharsPerSecond: slow.min_chars_per_second, withinMs: slow.within },
    resume: entry.resume ?? defaults.resume ?? "off",
    whenAllOut: entry.when_all_out ?? defaults.when_all_out ?? "refuse",
  };
}

const CLASSES = ["connect", "timeout", "rate_limit", "server", "auth", "not_found"] as const;

function compileRetry(
  entry: Entry,
  defaults: Entry,
  path: Path,
  { problems, warnings }: CompileContext,
): RetrySettings {
  const own = entry.retry;
  const wider = defaults.retry;
  const max = entry.retries ?? defaults.retries ?? DEFAULT_RETRIES;
  const backoff = {
    baseMs: own?.backoff?.base ?? wider?.backoff?.base ?? DEFAULT_BACKOFF.baseMs,
    maxMs: own?.backoff?.max ?? wider?.backoff?.max ?? DEFAULT_BACKOFF.maxMs,
  };
  if (own?.backoff !== undefined && backoff.baseMs > backoff.maxMs) {
    problems.add(
      [...path, "retry", "backoff"],
      `expected base to be at most max, got ${backoff.baseMs}ms and ${backoff.maxMs}ms`,
      { at: "key" },
    );
  }
  for (const name of CLASSES) {
    const attempts = own?.[name] ?? 0;
    if (attempts > max) {
      warnings.push(`${formatPath([...path, "retry", name])} is ${attempts}, but retries allows ${max} in all.`);
    }
  }
  const attemptsAfter = (name: (typeof CLASSES)[number], standard: number): number =>
    own?.[name] ?? wider?.[name] ?? standard;
  return {
    max,
    perClass: {
      connect: attemptsAfter("connect", max),
      timeout: attemptsAfter("timeout", Math.min(1, max)),
      rate_limit: attemptsAfter("rate_limit", max),
      server: attemptsAfter("server", max),
      auth: attemptsAfter("auth", max),
      not_found: attemptsAfter("not_found", Math.min(1, max)),
      // Another attempt at the same model would end the same way.
      context_window: 0,
      content_policy: 0,
      bad_request: 0,
    },
    backoff,
    maxRetryAfterMs: own?.max_retry_after ?? wider?.max_retry_after ?? DEFAULT_MAX_RETRY_AFTER_MS,
  };
}

/** The narrower level's breaker over the wider one's, field by field. */
export function mergeBreaker(wider: BreakerSettings, narrower: DeploymentEntry["breaker"]): BreakerSettings {
  if (narrower === undefined) return wider;
  return {
    consecutive: narrower.consecutive ?? wider.consecutive,
    failureShare: narrower.failure_share ?? wider.failureShare,
    windowMs: narrower.window ?? wider.windowMs,
    minimum: narrower.minimum ?? wider.minimum,
    openMs: narrower.open ?? wider.openMs,
    slowStartMs: narrower.slow_start ?? wider.slowStartMs,
  };
}

/** Undefined where the level says nothing, null where it says that there is none. */
export function compileHealthCheck(entry: DeploymentEntry["health_check"]): HealthCheckSettings | null | undefined {
  if (entry === undefined || entry === null) return entry;
  return { intervalMs: entry.interval, timeoutMs: entry.timeout };
}

type RatesEntry = {
  readonly rpm?: number | undefined;
  readonly tpm?: number | undefined;
  readonly max_concurrent?: number | undefined;
  readonly max_in_flight_tokens?: number | undefined;
};

/** The limits of one scope. */
export function compileRates(entry: RatesEntry): RateLimits {
  return {
    rpm: entry.rpm ?? null,
    tpm: entry.tpm ?? null,
    maxConcurrent: entry.max_concurrent ?? null,
    maxInFlightTokens: entry.max_in_flight_tokens ?? null,
  };
}

export function compileBudget(entry: { readonly usd: number; readonly per: number } | undefined): Budget | null {
  return entry === undefined ? null : { usd: entry.usd, windowMs: entry.per };
}
