import type { ErrorCode, GatewayError } from "../../errors.ts";
import { asNumber, asObject, asString, type JsonObject } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import { codeOfStatus } from "../code-of-status.ts";
import type { ErrorCodec, HeaderLookup, WrittenError } from "../dialect.ts";
import { neutralErrorOf, providerError } from "../neutral-error.ts";
import type { NeutralError } from "../neutral.ts";
import { OPENAI_WORDS } from "../openai-error-words.ts";

/** Providers' finer codes that say more than the status does. The second half is of `response.error`, which has no status. */
const CODES: Readonly<Record<string, ErrorCode>> = tableOf({
  context_length_exceeded: "context_window_exceeded",
  string_above_max_length: "context_window_exceeded",
  content_policy_violation: "content_policy",
  content_filter: "content_policy",
  invalid_prompt: "content_policy",
  bio_policy: "content_policy",
  cyber_policy: "content_policy",
  misalignment_policy_violation: "content_policy",
  image_content_policy_violation: "content_policy",
  insufficient_quota: "budget_exceeded",
  billing_hard_limit_reached: "budget_exceeded",
  billing_not_active: "budget_exceeded",
  model_not_found: "not_found",
  DeploymentNotFound: "not_found",
  invalid_api_key: "unauthorized",
  rate_limit_exceeded: "rate_limited",
  rate_limit_error: "rate_limited",
  tokens_exceeded: "rate_limited",
  server_is_overloaded: "overloaded",
  slow_down: "overloaded",
  overloaded_error: "overloaded",
  engine_overloaded: "overloaded",
  server_error: "upstream_error",
  internal_error: "upstream_error",
  vector_store_timeout: "upstream_timeout",
  timeout: "upstream_timeout",
});

/** Status of an error that came without one, inside a stream. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  context_window_exceeded: 400,
  content_policy: 400,
  budget_exceeded: 429,
  not_found: 404,
  unauthorized: 401,
  rate_limited: 429,
  overloaded: 503,
  upstream_timeout: 504,
};

const CONTEXT_WORDS = /context (?:window|length)|maximum context|too many tokens|prompt is too long/i;
const MAX_TEXT = 2000;

/** A provider's error answer: `{ error: { message, type, param, code } }`, xAI's `{ code, error: "…" }`, or whatever came. */
function readError(status: number, body: JsonObject | null, text: string, header: HeaderLookup): NeutralError {
  return neutral(status, body === null ? { message: text.trim().slice(0, MAX_TEXT) } : errorMember(body), header);
}

/** The object that tells of the error, wherever a provider puts it. */
function errorMember(body: JsonObject): JsonObject {
  const inner = asObject(body["error"]);
  if (inner !== null) return inner;
  const message = asString(body["error"]) ?? asString(body["message"]) ?? asString(body["detail"]);
  return { ...body, message: message ?? JSON.stringify(body).slice(0, MAX_TEXT) };
}

function neutral(status: number, error: JsonObject, header: HeaderLookup): NeutralError {
  const said = error["code"];
  const detail = asString(said) ?? (typeof said === "number" ? String(said) : null);
  const message = asString(error["message"]) ?? "";
  return providerError({
    code: codeOf(status, detail, asString(error["type"]), message),
    status,
    message: message === "" ? `The provider answered with status ${status}.` : message,
    param: asString(error["param"]),
    detail,
    retryAfterSeconds: readRetryAfter(header),
  });
}

function codeOf(status: number, detail: string | null, type: string | null, message: string): ErrorCode {
  const known = (detail === null ? undefined : CODES[detail]) ?? (type === null ? undefined : CODES[type]);
  // "server_error" and its like say nothing that the status does not say better.
  if (known !== undefined && known !== "upstream_error") return known;
  if ((status === 400 || status === 413 || status === 422) && CONTEXT_WORDS.test(message)) {
    return "context_window_exceeded";
  }
  return codeOfStatus(status);
}

/** `retry-after` (seconds) or OpenAI's `retry-after-ms`. */
function readRetryAfter(header: HeaderLookup): number | null {
  const milliseconds = asNumber(Number(header("retry-after-ms") ?? Number.NaN));
  if (milliseconds !== null && milliseconds >= 0) return Math.ceil(milliseconds / 1000);
  const seconds = asNumber(Number(header("retry-after") ?? Number.NaN));
  return seconds !== null && seconds >= 0 ? seconds : null;
}

/**
 * An error inside a stream or a whole response: an `error` event (flat as documented, or with an `error` member as it really
 * comes), or a response's own `error`. Without a status, its code gives one.
 */
export function readErrorObject(error: JsonObject): NeutralError {
  const detail = asString(error["code"]) ?? asString(error["type"]);
  const known = detail === null ? undefined : CODES[detail];
  const type = asString(error["type"]);
  const isInvalid =
    type === "invalid_request_error" || (detail !== null && /^(?:invalid|unsupported|missing|empty)_/.test(detail));
  const status = (known && STATUSES[known]) ?? asNumber(error["status"]) ?? (isInvalid ? 400 : 502);
  return neutral(status, error, () => null);
}

function errorObject(error: NeutralError): JsonObject {
  const words = OPENAI_WORDS[error.code];
  return {
    message: error.message,
    type: words.type,
    param: error.param,
    code: codeWord(error),
    source: error.source,
  };
}

/** The finer code: the provider's own where OpenAI has that word, too, or has none for it; callers look for OpenAI's. */
function codeWord({ code, detail, source }: NeutralError): string | null {
  const word = OPENAI_WORDS[code].code;
  if (detail === null || word === null) return detail ?? word;
  return source === "gateway" || CODES[detail] === code ? detail : word;
}

function writeError(error: NeutralError): WrittenError {
  const headers: [string, string][] = [];
  if (error.retryAfterSeconds !== null) headers.push(["retry-after", String(Math.ceil(error.retryAfterSeconds))]);
  return { body: JSON.stringify({ error: errorObject(error) }), contentType: "application/json", headers };
}

/**
 * The data of an `error` event. The documentation shows its members flat, real streams nest them in `error`; the Python SDK raises
 * for the nested form only and the Vercel AI SDK reads the flat one (where `code` must be a string): both are there.
 * https://platform.openai.com/docs/api-reference/responses-streaming/error
 */
export function writeErrorEventData(error: NeutralError, sequenceNumber: number): JsonObject {
  const { message, type, param, code, source } = errorObject(error);
  const word = code ?? type;
  return {
    type: "error",
    sequence_number: sequenceNumber,
    code: word,
    message,
    param,
    error: { type, code: word, message, param, source },
  };
}

/** A response's own `error` member. */
export function writeResponseError(error: NeutralError): JsonObject {
  const { code, type, message } = errorObject(error);
  return { code: code ?? type, message };
}

/** An error of ours in a stream that is passed through; it counts from 0, for nobody counted the events before it. */
export function renderErrorEvent(error: GatewayError): string {
  return `event: error\ndata: ${JSON.stringify(writeErrorEventData(neutralErrorOf(error), 0))}\n\n`;
}

export const errors: ErrorCodec = { read: readError, write: writeError };
