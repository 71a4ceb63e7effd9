import type { ErrorCode, GatewayError } from "../../errors.ts";
import { asObject, asString, type JsonObject } from "../../lib/json.ts";
import type { ErrorCodec, HeaderLookup, WrittenError } from "../dialect.ts";
import { neutralErrorOf } from "../neutral-error.ts";
import type { NeutralError } from "../neutral.ts";

const MAX_MESSAGE_CHARS = 4096;

/** https://docs.cohere.com/reference/errors; 498 is a token it does not know, 499 a request that was given up. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: "invalid_request",
  401: "unauthorized",
  402: "budget_exceeded",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  408: "request_timeout",
  413: "payload_too_large",
  422: "invalid_request",
  429: "rate_limited",
  498: "unauthorized",
  499: "upstream_error",
  500: "upstream_error",
  501: "upstream_error",
  502: "upstream_error",
  503: "overloaded",
  504: "upstream_timeout",
  529: "overloaded",
};

/** "too many tokens: …" is said of a prompt, and of `max_tokens`, which no shorter prompt would help. */
const CONTEXT_WINDOW = /too many tokens(?!: max tokens must)|size limit exceeded|context (length|window)/i;
const MODEL_NOT_FOUND = /^model '.*' (was )?not found/i;
const CONTENT_POLICY = /\b(blocked|flagged|safety|toxic)\b/i;

/** A provider's error: `{ id, message }`; servers that speak this API for rerank put it into `error` as OpenAI does. */
function read(status: number, body: JsonObject | null, text: string, header: HeaderLookup): NeutralError {
  const error = asObject(body?.["error"]);
  const message =
    asString(body?.["message"]) ??
    asString(error?.["message"]) ??
    asString(body?.["error"]) ??
    asString(body?.["detail"]) ??
    (text === "" ? `The provider answered with status ${status}.` : text);
  let code = CODES[status] ?? (status >= 500 ? "upstream_error" : "invalid_request");
  let detail: string | null = null;
  if (code === "invalid_request" && CONTEXT_WINDOW.test(message)) code = "context_window_exceeded";
  else if (code === "invalid_request" && CONTENT_POLICY.test(message)) code = "content_policy";
  else if (code === "not_found" && MODEL_NOT_FOUND.test(message)) detail = "model_not_found";
  return {
    code,
    // No other API's clients know these two.
    status: status === 498 ? 401 : status === 499 ? 502 : status,
    message: message.slice(0, MAX_MESSAGE_CHARS),
    param: null,
    detail,
    source: "provider",
    retryAfterSeconds: readRetryAfter(header("retry-after")),
  };
}

function readRetryAfter(value: string | null): number | null {
  return value !== null && /^\d{1,9}$/.test(value.trim()) ? Number(value) : null;
}

function write(error: NeutralError, requestId: string): WrittenError {
  return {
    body: JSON.stringify({ id: requestId, message: error.message, source: error.source }),
    contentType: "application/json",
    headers: [],
  };
}

/**
 * An error in mid-stream. v2 has no event for it but `message-end`, whose delta has an `error`
 * (https://docs.cohere.com/reference/chat-stream) and whose finish_reason says ERROR.
 */
export function writeErrorEvent(error: NeutralError): string {
  const delta = { finish_reason: error.code === "upstream_timeout" ? "TIMEOUT" : "ERROR", error: error.message };
  return `event: message-end\ndata: ${JSON.stringify({ type: "message-end", delta, source: error.source })}\n\n`;
}

export function renderErrorEvent(error: GatewayError): string {
  return writeErrorEvent(neutralErrorOf(error));
}

export const errors: ErrorCodec = { read, write };
