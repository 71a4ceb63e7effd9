/** Errors as google.rpc.Status: https://cloud.google.com/apis/design/errors, https://ai.google.dev/gemini-api/docs/troubleshooting */
import type { ErrorCode } from "../../errors.ts";
import { asArray, asCount, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { ErrorCodec, HeaderLookup, WrittenError } from "../dialect.ts";
import type { NeutralError } from "../neutral.ts";
import { providerError } from "../neutral-error.ts";

/** Whose reasons ours are: https://cloud.google.com/apis/design/errors#error_info */
const OWN_DOMAIN = "llmux";
const TYPE = "type.googleapis.com/google.rpc.";
const MAX_MESSAGE = 4_096;

/** google.rpc.Code by its name: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const CODE_OF_STATUS: ReadonlyMap<string, ErrorCode> = new Map(
  Object.entries({
    INVALID_ARGUMENT: "invalid_request",
    FAILED_PRECONDITION: "invalid_request",
    OUT_OF_RANGE: "invalid_request",
    UNAUTHENTICATED: "unauthorized",
    PERMISSION_DENIED: "forbidden",
    NOT_FOUND: "not_found",
    RESOURCE_EXHAUSTED: "rate_limited",
    INTERNAL: "upstream_error",
    UNKNOWN: "upstream_error",
    DATA_LOSS: "upstream_error",
    ABORTED: "upstream_error",
    CANCELLED: "upstream_error",
    UNIMPLEMENTED: "upstream_error",
    UNAVAILABLE: "overloaded",
    DEADLINE_EXCEEDED: "upstream_timeout",
  } as const),
);

const CODE_OF_HTTP: Readonly<Record<number, ErrorCode>> = {
  401: "unauthorized",
  402: "budget_exceeded",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  408: "request_timeout",
  413: "payload_too_large",
  429: "rate_limited",
  503: "overloaded",
  504: "upstream_timeout",
};

const STATUS_OF_CODE = {
  invalid_request: "INVALID_ARGUMENT",
  unauthorized: "UNAUTHENTICATED",
  budget_exceeded: "RESOURCE_EXHAUSTED",
  forbidden: "PERMISSION_DENIED",
  not_found: "NOT_FOUND",
  method_not_allowed: "UNIMPLEMENTED",
  request_timeout: "DEADLINE_EXCEEDED",
  payload_too_large: "INVALID_ARGUMENT",
  headers_too_large: "INVALID_ARGUMENT",
  context_window_exceeded: "INVALID_ARGUMENT",
  content_policy: "INVALID_ARGUMENT",
  rate_limited: "RESOURCE_EXHAUSTED",
  overloaded: "UNAVAILABLE",
  internal: "INTERNAL",
  upstream_error: "INTERNAL",
  upstream_truncated: "INTERNAL",
  no_deployment: "UNAVAILABLE",
  upstream_timeout: "DEADLINE_EXCEEDED",
} as const satisfies Record<ErrorCode, string>;

/** "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)." */
const TOO_LONG = /exceeds the maximum number of tokens|input token count.*exceeds|context (?:window|length)/i;
const BAD_KEY = /api key (?:not valid|expired|not found)|API_KEY_(?:INVALID|EXPIRED)/i;
/** The credits are used up; an ordinary "exceeded your current quota" passes with time. */
const UNPAID = /credits are depleted|billing account.*(?:disabled|closed|not found)|billing to be enabled/i;
const FORBIDDEN_CONTENT = /prohibited (?:use|content)|violat\w+.*(?:policy|policies)|responsible ai practices/i;

/** A provider's error answer. Streams without `alt=sse` answer with an array of one. Never throws. */
function readError(status: number, body: JsonObject | null, text: string, header: HeaderLookup): NeutralError {
  const error = asObject((body ?? firstOf(text))?.["error"]);
  return readStatus(status, error ?? {}, text, header);
}

function firstOf(text: string): JsonObject | null {
  try {
    return asObject(asArray(JSON.parse(text))[0]);
  } catch {
    return null; // no JSON at all: a proxy's page, or nothing
  }
}

/** A google.rpc.Status. `header` is null in mid-stream. */
export function readStatus(status: number, error: JsonObject, text: string, header: HeaderLookup | null): NeutralError {
  const name = asString(error["status"]);
  const message = asString(error["message"]) ?? (text.trim() === "" ? `The provider answered ${status}.` : text.trim());
  const details = asArray(error["details"]).flatMap((item): JsonObject[] => {
    const detail = asObject(item);
    return detail === null ? [] : [detail];
  });
  const info = detailOf(details, "ErrorInfo");
  const reason = asString(info?.["reason"]);
  const code = ownCodeOf(info) ?? codeOf(status, name, message, reason);
  return providerError({
    code,
    status,
    message: message.slice(0, MAX_MESSAGE),
    param: fieldOf(details),
    detail: reason ?? name,
    retryAfterSeconds: retryAfterOf(details, header),
  });
}

/** Of an error that another gateway of ours wrote. */
function ownCodeOf(info: JsonObject | undefined): ErrorCode | null {
  if (info?.["domain"] !== OWN_DOMAIN) return null;
  const code = asString(asObject(info["metadata"])?.["code"]);
  return code !== null && Object.hasOwn(STATUS_OF_CODE, code) ? (code as ErrorCode) : null;
}

function codeOf(status: number, name: string | null, message: string, reason: string | null): ErrorCode {
  const code = (name === null ? undefined : CODE_OF_STATUS.get(name)) ?? CODE_OF_HTTP[status];
  if (code === undefined) return status >= 400 && status < 500 ? finer(message, reason) : "upstream_error";
  if (code === "invalid_request") return finer(message, reason);
  if (code === "rate_limited" && UNPAID.test(message)) return "budget_exceeded";
  return code;
}

function finer(message: string, reason: string | null): ErrorCode {
  if (reason === "API_KEY_INVALID" || reason === "API_KEY_EXPIRED" || BAD_KEY.test(message)) return "unauthorized";
  if (TOO_LONG.test(message)) return "context_window_exceeded";
  if (UNPAID.test(message)) return "budget_exceeded";
  return FORBIDDEN_CONTENT.test(message) ? "content_policy" : "invalid_request";
}

function detailOf(details: readonly JsonObject[], type: string): JsonObject | undefined {
  return details.find((detail) => detail["@type"] === TYPE + type);
}

function fieldOf(details: readonly JsonObject[]): string | null {
  const violation = asObject(asArray(detailOf(details, "BadRequest")?.["fieldViolations"])[0]);
  return asString(violation?.["field"]);
}

/** "34.4s" of RetryInfo, or the header; whole seconds. */
function retryAfterOf(details: readonly JsonObject[], header: HeaderLookup | null): number | null {
  const delay = asString(detailOf(details, "RetryInfo")?.["retryDelay"]) ?? header?.("retry-after") ?? null;
  const seconds = delay === null ? Number.NaN : Number(delay.replace(/s$/, ""));
  const count = asCount(seconds);
  return count === null ? null : Math.ceil(count);
}

/** The object under `error`. */
export function writeStatus(error: NeutralError): JsonObject {
  const details: Json[] = [];
  const status = STATUS_OF_CODE[error.code];
  // Google's statuses are coarser than our codes: the finer one stands beside, for whoever knows it.
  const isFiner = CODE_OF_STATUS.get(status) !== error.code;
  if (error.detail !== null || isFiner) {
    details.push({
      "@type": `${TYPE}ErrorInfo`,
      reason: error.detail ?? error.code.toUpperCase(),
      domain: OWN_DOMAIN,
      ...(isFiner ? { metadata: { code: error.code } } : {}),
    });
  }
  if (error.param !== null) {
    details.push({
      "@type": `${TYPE}BadRequest`,
      fieldViolations: [{ field: error.param, description: error.message }],
    });
  }
  if (error.retryAfterSeconds !== null) {
    details.push({ "@type": `${TYPE}RetryInfo`, retryDelay: `${error.retryAfterSeconds}s` });
  }
  return {
    code: error.status,
    message: error.message,
    status,
    ...(details.length === 0 ? {} : { details }),
  };
}

function writeError(error: NeutralError): WrittenError {
  return { body: JSON.stringify({ error: writeStatus(error) }), contentType: "application/json", headers: [] };
}

export const errors: ErrorCodec = { read: readError, write: writeError };
