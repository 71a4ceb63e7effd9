import { isBadKeyAnswer } from "../admission/bad-key-answer.ts";
import { readRetryAfterMs, readRetryDelay } from "../admission/rate-limit-reset.ts";
import { type ErrorCode, GatewayError, type UpstreamErrorType, upstreamErrorTypeOf } from "../errors.ts";
import type { Provider } from "../exchange.ts";
import { asObject, asString, parseObject } from "../lib/json.ts";
import type { FailureClass } from "../policy.ts";
import type { HeldAnswer } from "../relay/commit-gate.ts";
import { classifyBody } from "../route/failure-class.ts";

/** Of an error answer so much is read to know what it means. */
const MAX_JUDGED_BYTES = 8 * 1024;
const MAX_MESSAGE_CHARS = 1_000;

/** What a provider's error answer says. */
export type ErrorAnswer = {
  readonly class: FailureClass;
  /** As the credential is told of it. */
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly type: UpstreamErrorType;
  /** It claims to be an answer: a client would take it for one, and find nothing in it. The error it is, in its own words. */
  readonly hidden: GatewayError | null;
};

/** What is told of an error that came with status 200. */
const CODES: Partial<Readonly<Record<FailureClass, ErrorCode>>> = {
  content_policy: "content_policy",
  context_window: "context_window_exceeded",
  rate_limit: "rate_limited",
};

export function readErrorAnswer(
  { head: { status, headers }, body }: HeldAnswer,
  { rateLimitHeaders }: Provider,
  wallNowMs: number,
): ErrorAnswer {
  const text = body.toString("utf8", 0, MAX_JUDGED_BYTES);
  const isBadKey = isBadKeyAnswer(status, text);
  const retryAfterMs = readRetryAfterMs((name) => headers.get(name), rateLimitHeaders, wallNowMs);
  const isStream = headers.startsWith("content-type", "text/event-stream");
  const failureClass = isBadKey ? "auth" : classifyBody(status, text);
  return {
    class: failureClass,
    status: isBadKey ? 401 : status,
    retryAfterMs: retryAfterMs ?? (status === 429 ? readRetryDelay(text) : null),
    type: status >= 400 ? upstreamErrorTypeOf(status) : isStream ? "stream_error" : "error_in_200",
    hidden:
      status >= 400 || isStream
        ? null
        : new GatewayError(CODES[failureClass] ?? "upstream_error", readMessage(text), {
            upstreamType: "error_in_200",
          }),
  };
}

function readMessage(text: string): string {
  const error = parseObject(text)?.["error"];
  const message = asString(error) ?? asString(asObject(error)?.["message"]);
  return message?.slice(0, MAX_MESSAGE_CHARS) ?? "The provider answered with an error.";
}
