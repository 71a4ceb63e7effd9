/** What an attempt's end says of its deployment, its provider and its credential (DESIGN section 6: fault attribution). */
import type { GatewayError } from "../errors.ts";
import type { Usage } from "../exchange.ts";
import type { FailureClass } from "../policy.ts";
import { classifyError } from "../route/failure-class.ts";
import type { Attempt } from "./attempt.ts";
import type { Upstreams } from "./upstreams.ts";

/** Answers of fewer tokens say nothing of a deployment's speed. */
const MIN_TOKENS_FOR_SPEED = 8;

/** An attempt failed. `status` null: without an answer. The first word on an attempt counts. */
export function judgeFailure(
  upstreams: Upstreams,
  attempt: Attempt,
  failureClass: FailureClass,
  status: number | null,
  retryAfterMs: number | null,
): void {
  if (attempt.isJudged) return;
  const nowMs = upstreams.clock();
  const { credential } = attempt;
  const { live, deployment } = attempt.candidate;
  switch (failureClass) {
    case "auth":
    case "rate_limit":
      attempt.judge("neutral", nowMs);
      // A limit is mostly a model's; where there are several credentials, each has its own.
      if (credential === null || (failureClass === "rate_limit" && deployment.provider.credentials.length === 1)) {
        live.coolDown.rest(nowMs, retryAfterMs);
      } else upstreams.credentials.noteRefused(credential, statusFor(failureClass, status), retryAfterMs);
      if (failureClass === "rate_limit") upstreams.onDrop(deployment);
      return;
    case "connect":
    case "timeout":
    case "server":
      attempt.judge("failure", nowMs);
      // 503 with a word on when to come back (RFC 9110 section 15.6.4) is as good as a 429.
      if (retryAfterMs !== null) live.coolDown.rest(nowMs, retryAfterMs);
      if (failureClass === "timeout") upstreams.onDrop(deployment);
      return;
    case "bad_request":
    case "not_found":
    case "context_window":
    case "content_policy":
      // It answered as it should: what was wrong was the caller's own.
      attempt.judge("neutral", nowMs);
      return;
    default:
      failureClass satisfies never;
  }
}

/** What the credential is told: a spent account (OpenAI's 429 `insufficient_quota`, Anthropic's 400) is a bill, whatever its status. */
function statusFor(failureClass: "auth" | "rate_limit", status: number | null): number {
  if (failureClass === "rate_limit") return 429;
  if (status === null) return 401;
  return status === 401 || status === 403 ? status : 402;
}

/** The same for an error that is no answer. null: it was no fault of the provider's. */
export function judgeError(upstreams: Upstreams, attempt: Attempt, error: GatewayError): FailureClass | null {
  if (error.code === "internal") upstreams.onFault(error.cause ?? error);
  // What names no fault of a provider is ours: the gateway stops, or holds as much as it may.
  if (error.options.upstreamType === undefined) {
    attempt.judge("neutral", upstreams.clock());
    return null;
  }
  const failureClass = classifyError(error);
  judgeFailure(upstreams, attempt, failureClass, null, null);
  return failureClass;
}

/** It answered well. `prompt`: where an estimate was made that the truth can teach. */
export function judgeSuccess(
  upstreams: Upstreams,
  attempt: Attempt,
  usage: Usage | null,
  prompt: { readonly promptBytes: number; readonly images: number } | null,
): void {
  const { live, deployment } = attempt.candidate;
  const nowMs = upstreams.clock();
  attempt.judge("success", nowMs);
  live.coolDown.recovered();
  if (attempt.credential !== null) upstreams.credentials.noteSuccess(attempt.credential);
  if (usage === null) return;
  const output = usage.outputTokens ?? 0;
  const beganMs = attempt.relay?.isStream === true ? (attempt.firstByteMs ?? 0) : 0;
  const durationMs = nowMs - attempt.startedMs - beganMs;
  if (output >= MIN_TOKENS_FOR_SPEED && durationMs > 0) live.speed.add((output * 1_000) / durationMs, nowMs);
  upstreams.onUsage(deployment, usage);
  if (prompt === null || usage.inputTokens === null) return;
  const { promptBytes, images } = prompt;
  upstreams.ratios.observe(deployment.group, promptBytes, usage.inputTokens, usage.outputTokens, images);
}
