import type { ErrorCode, GatewayError, UpstreamErrorType } from "../errors.ts";
import { asObject, asString, parseObject } from "../lib/json.ts";
import type { FailureClass } from "../policy.ts";

/** An error's words stand at its beginning; what is longer repeats the request. */
const MAX_TEXT_CHARS = 8_192;

/** What a provider's status means for the next attempt, where nothing is known of its body. */
export function classifyStatus(status: number): FailureClass {
  switch (status) {
    case 401:
    case 402:
    case 403:
      return "auth";
    case 404:
      return "not_found";
    // RFC 9110 section 15.5.9: the client may repeat the request; the same for 425 (RFC 8470 section 5.2).
    case 408:
    case 425:
      return "timeout";
    case 429:
    // "Flex tier capacity exceeded": https://console.groq.com/docs/errors
    case 498:
      return "rate_limit";
    // RFC 7725: refused for legal reasons, of which one provider's are not another's.
    case 451:
      return "content_policy";
    default:
      // An error in an answer that said 200, and a redirect, which is never followed, are the provider's.
      return status >= 500 || status < 400 ? "server" : "bad_request";
  }
}

/** What an error that we met means for the next attempt. */
export function classifyError(error: GatewayError): FailureClass {
  const byCode = CLASS_OF_CODE[error.code];
  // Whoever understood the provider's words knows better than its status says.
  if (byCode === "context_window" || byCode === "content_policy" || byCode === "not_found") return byCode;
  const { upstreamType } = error.options;
  return (upstreamType === undefined ? null : CLASS_OF_TYPE[upstreamType]) ?? byCode;
}

const CLASS_OF_TYPE = {
  connect: "connect",
  dns: "connect",
  tls: "connect",
  proxy: "connect",
  timeout_connect: "connect",
  timeout_first_byte: "timeout",
  timeout_idle: "timeout",
  timeout_total: "timeout",
  reset: "server",
  truncated: "server",
  protocol: "server",
  stream_error: "server",
  error_in_200: "server",
  content_type: "server",
  redirect: "server",
  http_4xx: "bad_request",
  http_429: "rate_limit",
  http_5xx: "server",
  auth: "auth",
} as const satisfies Record<UpstreamErrorType, FailureClass>;

const CLASS_OF_CODE = {
  invalid_request: "bad_request",
  unauthorized: "auth",
  budget_exceeded: "bad_request",
  forbidden: "auth",
  not_found: "not_found",
  method_not_allowed: "bad_request",
  request_timeout: "timeout",
  payload_too_large: "bad_request",
  headers_too_large: "bad_request",
  context_window_exceeded: "context_window",
  content_policy: "content_policy",
  rate_limited: "rate_limit",
  overloaded: "server",
  // Ours, not the provider's: the same request would meet the same fault.
  internal: "bad_request",
  upstream_error: "server",
  upstream_truncated: "server",
  no_deployment: "server",
  upstream_timeout: "timeout",
} as const satisfies Record<ErrorCode, FailureClass>;

/**
 * What an error answer means for the next attempt, by its status and by what its body says: providers tell "too long" and "not allowed"
 * apart in words only, and put them behind half a dozen statuses. `status` is the answer's own; 200 for an error in an answer that
 * began well. Only the text's beginning is read.
 */
export function classifyBody(status: number, bodyText: string): FailureClass {
  const byStatus = classifyStatus(status);
  const table = tableOf(status);
  if (table === null) return byStatus;
  const text = bodyText.slice(0, MAX_TEXT_CHARS).toLowerCase();
  for (const [failureClass, phrases] of table) {
    // What takes a credential or a deployment from everybody must be said by the provider itself, and not by a prompt that it repeats.
    const isTold =
      failureClass === "rate_limit" || failureClass === "auth" ? saysItself(text, phrases) : says(text, phrases);
    if (isTold) return failureClass;
  }
  return byStatus;
}

function says(text: string, phrases: readonly string[]): boolean {
  for (const phrase of phrases) if (text.includes(phrase)) return true;
  return false;
}

/** `phrase`: how the message begins; behind an "…" what comes somewhere after that. */
function begins(message: string, phrase: string): boolean {
  const gap = phrase.indexOf("…");
  if (gap === -1) return message.startsWith(phrase);
  return message.startsWith(phrase.slice(0, gap)) && message.includes(phrase.slice(gap + 1), gap);
}

/** In its codes, or as the first words of its message. `text`: in lower case. */
function saysItself(text: string, phrases: readonly string[]): boolean {
  const body = parseObject(text);
  const error = asObject(body?.["error"]) ?? body ?? {};
  const message = asString(error["message"]) ?? asString(body?.["error"]) ?? asString(body?.["detail"]) ?? text;
  const codes = [error["code"], error["type"], error["status"], body?.["code"], body?.["type"], body?.["status"]];
  for (const phrase of phrases) {
    if (begins(message.trimStart(), phrase)) return true;
    for (const code of codes) if (code !== undefined && code !== null && String(code) === phrase) return true;
  }
  return false;
}

type PhraseTable = readonly (readonly [FailureClass, readonly string[]])[];

/** The words that are looked for behind a status; null where it says all there is. */
function tableOf(status: number): PhraseTable | null {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return BEHIND_BAD_REQUEST;
    case 403:
    case 451:
      return BEHIND_FORBIDDEN;
    case 429:
      return BEHIND_RATE_LIMIT;
    case 500:
      return BEHIND_SERVER_ERROR;
    default:
      return status < 400 ? BEHIND_SUCCESS : null;
  }
}

/**
 * The providers' own words, lower case. Long enough that a prompt which an error repeats seldom has them by chance. Each has its
 * source in test/route/failure-class.test.ts.
 */
const TOO_LONG = [
  "context_length_exceeded",
  "maximum context length",
  "exceeds the context window",
  "exceeds the maximum context length",
  "reduce the length of the messages",
  "prompt is too long",
  "prompt too long",
  "exceed context limit",
  "request_too_large",
  "exceeds the maximum number of tokens",
  "input token count",
  "input is too long",
  "input tokens exceeded",
  "number of input tokens exceeds",
  "too many input tokens",
  "too many tokens: total number of tokens",
  "too large for model with",
  "too_many_prompt_tokens",
  "exceed_context_size_error",
  "exceeds the available context size",
  "input length exceeds the context length",
  "exceeds the context length",
  "greater than the context length",
  "longer than the model's context length",
  "longer than the maximum model length",
  "exceeded max context length",
  "`inputs` tokens + `max_new_tokens` must be",
  "`inputs` must have less than",
  "maximum prompt length is",
  "exceeded model token limit",
  "context window exceeds limit",
  "model_context_window_exceeded",
  "range of input length should be",
  "prompt tokens too long",
  "tokens in request more than max tokens allowed",
  "prompt token count of",
  "max_model_len",
] as const;

const NOT_ALLOWED = [
  "content_policy_violation",
  "content_filter",
  "contentfilter",
  "content management policy",
  "content filtering policy",
  "responsibleaipolicyviolation",
  "flagged as potentially violating",
  "rejected as a result of our safety system",
  "rejected by the safety system",
  "content violates usage guidelines",
  "safety_check_type",
  "input text data may contain inappropriate content",
  "data_inspection_failed",
  "datainspectionfailed",
  "content exists risk",
  "sensitivecontentdetected",
  "new_sensitive",
  "不安全或敏感内容",
  "your input was flagged",
  "moderation_blocked",
] as const;

/** A rate limit behind another status. */
const TOO_MUCH = [
  "rate_limit_exceeded",
  "rate_limit_error",
  "rate limit",
  "too many requests",
  "too_many_requests",
  "too many tokens…per minute",
  "resource_exhausted",
  "429",
] as const;

/** A refused credential, or an empty account, behind another status. */
const NOT_ENTITLED = [
  "api_key_invalid",
  "invalid_api_key",
  "incorrect api key provided",
  "api key not valid",
  "your credit balance is too low",
  "insufficient_quota",
  "the security token included in the request",
] as const;

/** A model that is not there, behind another status. */
const NO_SUCH_MODEL = ["model_not_found", "is not a valid model id"] as const;

const BEHIND_BAD_REQUEST: PhraseTable = [
  // First: a minute's tokens that do not suffice are told in nearly the words of a context window that does not.
  ["rate_limit", TOO_MUCH],
  ["context_window", TOO_LONG],
  ["content_policy", NOT_ALLOWED],
  ["auth", NOT_ENTITLED],
  ["not_found", NO_SUCH_MODEL],
];
const BEHIND_FORBIDDEN: PhraseTable = [["content_policy", NOT_ALLOWED]];
/** A limit that no waiting lifts: the account's. */
const BEHIND_RATE_LIMIT: PhraseTable = [["auth", ["insufficient_quota"]]];
/** Servers on people's own machines say it so. */
const BEHIND_SERVER_ERROR: PhraseTable = [["context_window", [...TOO_LONG, "is too large to process"]]];
const BEHIND_SUCCESS: PhraseTable = [
  ["rate_limit", TOO_MUCH],
  ["context_window", TOO_LONG],
  ["content_policy", NOT_ALLOWED],
  ["auth", NOT_ENTITLED],
];
