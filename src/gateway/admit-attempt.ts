/** Admission(deployment): what belongs to one deployment, once it is chosen (DESIGN section 3). Each part says why it refuses. */
import type { Bulkhead, RejectReason } from "../admission/bulkhead.ts";
import { NOTHING_RESERVED, type Reservation } from "../admission/rate-limits.ts";
import { GatewayError } from "../errors.ts";
import type { AuthHeaders } from "../exchange.ts";
import type { Priority } from "../policy.ts";
import type { Attempt } from "./attempt.ts";
import { credentialScope, staticHeaders } from "./credentials.ts";
import type { Outgoing } from "./outgoing.ts";
import { refusalError } from "./rate-headers.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { Upstreams } from "./upstreams.ts";

/** Seconds after which a request that found no place may come again. */
const OVERLOADED_RETRY_SECONDS = 1;

/** Why a deployment does not take an attempt; `error` null: it is out, and others are to tell. */
export type Unfit = { readonly why: string; readonly error: GatewayError | null };

/** A place that was not free at once. */
export type FullPlace = { readonly at: number; readonly bulkhead: Bulkhead; readonly tokens: number };

/** The provider's place, then the deployment's own, from the `from`th on; null: it has both. */
export function takePlaces(
  { bulkheads }: Upstreams,
  attempt: Attempt,
  from: number,
  facts: RequestFacts | null,
  priority: Priority,
): FullPlace | null {
  const { deployment } = attempt.candidate;
  for (let at = from; at < 2; at++) {
    const bulkhead = at === 0 ? bulkheads.ofProvider(deployment.provider) : bulkheads.ofDeployment(deployment);
    if (bulkhead === null) continue;
    const tokens = bulkhead.boundsTokens ? (facts?.tokens ?? 0) : 0;
    const permit = bulkhead.tryAcquire(tokens, priority);
    if (permit === null) return { at, bulkhead, tokens };
    attempt.hold(permit);
  }
  return null;
}

/** A place that did not come. */
export function noPlace(provider: string, reason: RejectReason, boundsTokens: boolean): Unfit {
  const why = {
    full: `is at its limit of concurrent requests${boundsTokens ? ", or of tokens in flight" : ""}`,
    timeout: "had no free place in time",
    shed: "gave this request's place to a more urgent one",
  }[reason];
  const error = new GatewayError("overloaded", `The provider ${provider} ${why}.`, {
    retryAfterSeconds: OVERLOADED_RETRY_SECONDS,
  });
  return { why, error };
}

/** Its share of the deployment's rates, then the breaker's leave. `isLastResort`: it goes whatever the breaker says. */
export function enterDeployment(
  { limiter, count }: Upstreams,
  attempt: Attempt,
  facts: RequestFacts | null,
  isLastResort: boolean,
  nowMs: number,
): Unfit | null {
  const { live } = attempt.candidate;
  let reserved: Reservation | null = null;
  if (live.scope !== null) {
    const tokens = live.scope.boundsTokens ? (facts?.tokens ?? 0) : 0;
    const answer = limiter.reserve(live.scope.alone, tokens, nowMs);
    if (answer.kind === "refused") {
      count("rate_limited", answer.scope);
      return { why: "rate limit", error: refusalError(answer) };
    }
    if (answer !== NOTHING_RESERVED) reserved = answer;
  }
  const entry = live.breaker.enter(nowMs) ?? (isLastResort ? "pass" : null);
  if (entry === null) {
    reserved?.settle(0, nowMs);
    return { why: "breaker", error: null };
  }
  attempt.enter(entry, reserved, nowMs);
  return null;
}

/** A credential that was not tried, and its header lines; a promise where they must be fetched. */
export function authorizeAttempt(
  { credentials }: Upstreams,
  attempt: Attempt,
  tried: ReadonlySet<number> | null,
): AuthHeaders | Promise<AuthHeaders> | "none left" {
  const { deployment } = attempt.candidate;
  const { provider } = deployment;
  const chosen = credentials.choose(provider, credentialScope(deployment), tried);
  if (chosen === null && provider.credentials.length > 0) return "none left";
  attempt.credential = chosen;
  const credential = chosen?.credential ?? null;
  if (credential === null || credential.kind === "header") return staticHeaders(credential);
  const { method, path, body } = attempt.outgoing as Outgoing;
  return credential.authorizer.authorize({ method, path, hostHeader: provider.origin.hostHeader, body });
}
