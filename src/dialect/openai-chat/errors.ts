import type { ErrorCode, GatewayError } from "../../errors.ts";
import type { ErrorCodec, WrittenError } from "../dialect.ts";
import type { NeutralError } from "../neutral.ts";
import { neutralErrorOf } from "../neutral-error.ts";
import { readError } from "./read-error.ts";

/**
 * Our codes in OpenAI's words, so that its SDKs raise the class their users catch:
 * https://platform.openai.com/docs/guides/error-codes/api-errors
 */
const WORDS = {
  invalid_request: { type: "invalid_request_error", code: null },
  unauthorized: { type: "invalid_request_error", code: "invalid_api_key" },
  budget_exceeded: { type: "insufficient_quota", code: "insufficient_quota" },
  forbidden: { type: "invalid_request_error", code: "forbidden" },
  not_found: { type: "invalid_request_error", code: "not_found" },
  method_not_allowed: { type: "invalid_request_error", code: "method_not_allowed" },
  request_timeout: { type: "invalid_request_error", code: "request_timeout" },
  payload_too_large: { type: "invalid_request_error", code: "payload_too_large" },
  headers_too_large: { type: "invalid_request_error", code: "headers_too_large" },
  context_window_exceeded: { type: "invalid_request_error", code: "context_length_exceeded" },
  content_policy: { type: "invalid_request_error", code: "content_policy_violation" },
  rate_limited: { type: "rate_limit_error", code: "rate_limit_exceeded" },
  overloaded: { type: "server_error", code: "overloaded" },
  internal: { type: "server_error", code: "internal" },
  upstream_error: { type: "server_error", code: "upstream_error" },
  upstream_truncated: { type: "server_error", code: "upstream_truncated" },
  no_deployment: { type: "server_error", code: "no_deployment" },
  upstream_timeout: { type: "server_error", code: "upstream_timeout" },
} as const satisfies Record<ErrorCode, { type: string; code: string | null }>;

/** Codes whose word callers look for, whatever the provider called it. */
const FIXED: ReadonlySet<ErrorCode> = new Set([
  "unauthorized",
  "context_window_exceeded",
  "content_policy",
  "budget_exceeded",
  "rate_limited",
  "overloaded",
]);

function codeOf(error: NeutralError): string | null {
  const { code } = WORDS[error.code];
  if (error.source === "gateway") return error.detail ?? code;
  return FIXED.has(error.code) ? code : (error.detail ?? code);
}

function errorObject(error: NeutralError): Record<string, unknown> {
  return {
    message: error.message,
    type: WORDS[error.code].type,
    param: error.param,
    code: codeOf(error),
    source: error.source,
  };
}

/** The body of an error answer. */
export function writeErrorBody(error: NeutralError): string {
  return JSON.stringify({ error: errorObject(error) });
}

/** The body of an answer for an error of ours. */
export function renderErrorBody(error: GatewayError): string {
  return writeErrorBody(neutralErrorOf(error));
}

/** An error inside a chat stream, as OpenAI's SDKs recognise it: a data line with an `error` member. */
export function renderErrorEvent(error: GatewayError): string {
  return writeErrorEvent(neutralErrorOf(error));
}

export function writeErrorEvent(error: NeutralError): string {
  return `data: ${writeErrorBody(error)}\n\n`;
}

function writeError(error: NeutralError): WrittenError {
  const { retryAfterSeconds } = error;
  const headers = retryAfterSeconds === null ? [] : [["retry-after", String(Math.ceil(retryAfterSeconds))] as const];
  return { body: writeErrorBody(error), contentType: "application/json", headers };
}

export const errors: ErrorCodec = { read: readError, write: writeError };
