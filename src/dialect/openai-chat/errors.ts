import type { ErrorCode, GatewayError } from "../../errors.ts";

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

function errorObject(error: GatewayError): Record<string, unknown> {
  const words = WORDS[error.code];
  return {
    message: error.message,
    type: words.type,
    param: error.options.param ?? null,
    code: error.options.detail ?? words.code,
    source: "gateway",
  };
}

/** The body of an error answer. */
export function renderErrorBody(error: GatewayError): string {
  return JSON.stringify({ error: errorObject(error) });
}

/** An error inside a chat stream, as OpenAI's SDKs recognise it: a data line with an `error` member. */
export function renderErrorEvent(error: GatewayError): string {
  return `data: ${renderErrorBody(error)}\n\n`;
}

/** An error inside a Responses stream: https://platform.openai.com/docs/api-reference/responses-streaming/error */
export function renderResponsesErrorEvent(error: GatewayError): string {
  const { code, message, param } = errorObject(error);
  return `event: error\ndata: ${JSON.stringify({ type: "error", code, message, param, source: "gateway" })}\n\n`;
}
