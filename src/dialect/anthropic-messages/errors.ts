import type { ErrorCode, GatewayError } from "../../errors.ts";
import { asObject, asString, type JsonObject } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import { codeOfStatus } from "../code-of-status.ts";
import type { HeaderLookup, WrittenError } from "../dialect.ts";
import { neutralErrorOf, providerError } from "../neutral-error.ts";
import type { NeutralError } from "../neutral.ts";

/** https://platform.claude.com/docs/en/api/errors */
const CODES: Readonly<Record<string, ErrorCode>> = tableOf({
  invalid_request_error: "invalid_request",
  authentication_error: "unauthorized",
  billing_error: "budget_exceeded",
  permission_error: "forbidden",
  not_found_error: "not_found",
  conflict_error: "invalid_request",
  request_too_large: "payload_too_large",
  rate_limit_error: "rate_limited",
  timeout_error: "upstream_timeout",
  api_error: "upstream_error",
  overloaded_error: "overloaded",
});

/** What errors inside a stream stand for: they have no status of their own. */
const STATUSES: Readonly<Record<string, number>> = tableOf({
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
});

const WORDS = {
  invalid_request: "invalid_request_error",
  unauthorized: "authentication_error",
  budget_exceeded: "billing_error",
  forbidden: "permission_error",
  not_found: "not_found_error",
  method_not_allowed: "invalid_request_error",
  request_timeout: "timeout_error",
  payload_too_large: "request_too_large",
  headers_too_large: "request_too_large",
  context_window_exceeded: "invalid_request_error",
  content_policy: "invalid_request_error",
  rate_limited: "rate_limit_error",
  overloaded: "overloaded_error",
  internal: "api_error",
  upstream_error: "api_error",
  upstream_truncated: "api_error",
  no_deployment: "api_error",
  upstream_timeout: "timeout_error",
} as const satisfies Record<ErrorCode, string>;

/** Codes that share a type with others: said in `details.error_code`, where the SDKs look for a finer word. */
const FINER: readonly ErrorCode[] = ["context_window_exceeded", "content_policy"];

const MAX_MESSAGE_CHARS = 2_000;

/** A provider's error answer; also of what speaks this API and wraps its errors otherwise. Never throws. */
export function readError(status: number, body: JsonObject | null, text: string, header: HeaderLookup): NeutralError {
  const error = asObject(body?.["error"]) ?? body;
  const type = asString(error?.["type"]);
  const message = asString(error?.["message"]) ?? asString(body?.["message"]) ?? (text.trim() || `HTTP ${status}`);
  const finer = asString(asObject(error?.["details"])?.["error_code"]);
  const code = FINER.find((word) => word === finer) ?? codeOf(status, type === "error" ? null : type, message);
  return providerError({
    code,
    status,
    message: message.slice(0, MAX_MESSAGE_CHARS),
    param: code === "invalid_request" ? paramOf(message) : null,
    detail: FINER.some((word) => word === finer) ? null : (finer ?? detailOf(code, message)),
    retryAfterSeconds: retryAfterOf(header),
  });
}

/** The `error` event of a stream. */
export function readStreamError(data: JsonObject): NeutralError {
  const type = asString(asObject(data["error"])?.["type"]);
  const status = (type === null ? undefined : STATUSES[type]) ?? 500;
  return readError(status, data, "", () => null);
}

function codeOf(status: number, type: string | null, message: string): ErrorCode {
  const code = (type === null ? undefined : CODES[type]) ?? codeOfStatus(status);
  if (code !== "invalid_request") return code;
  const words = message.toLowerCase();
  if (
    words.includes("prompt is too long") ||
    words.includes("exceed context limit") ||
    words.includes("context window") ||
    words.includes("input is too long")
  ) {
    return "context_window_exceeded";
  }
  if (words.includes("content filtering policy") || words.includes("usage policy")) return "content_policy";
  // An account without credit is told by a 400: "Your credit balance is too low to access the Anthropic API."
  return words.includes("credit balance") ? "budget_exceeded" : code;
}

/** The field at fault, where a message begins with it: "messages.0.content: Field required". */
function paramOf(message: string): string | null {
  const colon = message.indexOf(": ");
  if (colon <= 0 || colon > 120) return null;
  const path = message.slice(0, colon);
  return /^[a-z_]+(\.[A-Za-z0-9_-]+)*$/.test(path) ? path : null;
}

function detailOf(code: ErrorCode, message: string): string | null {
  return code === "not_found" && message.startsWith("model:") ? "model_not_found" : null;
}

const LIMITS = ["requests", "tokens", "input-tokens", "output-tokens"] as const;

/** Seconds until the limit that was met is reset: https://platform.claude.com/docs/en/api/rate-limits#response-headers */
function retryAfterOf(header: HeaderLookup): number | null {
  const seconds = Number(header("retry-after") ?? Number.NaN);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  let latest: number | null = null;
  for (const limit of LIMITS) {
    if (header(`anthropic-ratelimit-${limit}-remaining`) !== "0") continue;
    const resetMs = Date.parse(header(`anthropic-ratelimit-${limit}-reset`) ?? "");
    if (Number.isNaN(resetMs)) continue;
    // The provider's clock, where it tells it.
    const sentMs = Date.parse(header("date") ?? "");
    const now = Number.isNaN(sentMs) ? Date.now() : sentMs;
    latest = Math.max(latest ?? 0, Math.ceil((resetMs - now) / 1_000));
  }
  return latest === null ? null : Math.max(0, latest);
}

function errorBody({ code, message, detail }: NeutralError): JsonObject {
  const errorCode = FINER.includes(code) ? code : detail;
  const body = { type: WORDS[code], message };
  return errorCode === null ? body : { ...body, details: { error_code: errorCode } };
}

/** An error answer, as the SDKs read it: `error.type` gives the class's type, `request-id` its request. */
export function writeError(error: NeutralError, requestId: string): WrittenError {
  return {
    body: JSON.stringify({ type: "error", error: errorBody(error), request_id: requestId }),
    contentType: "application/json",
    headers: [["request-id", requestId]],
  };
}

/** An error inside a stream: https://platform.claude.com/docs/en/build-with-claude/streaming#error-events */
export function writeStreamError(error: NeutralError): string {
  return `event: error\ndata: ${JSON.stringify({ type: "error", error: errorBody(error) })}\n\n`;
}

export function renderErrorEvent(error: GatewayError): string {
  return writeStreamError(neutralErrorOf(error));
}
