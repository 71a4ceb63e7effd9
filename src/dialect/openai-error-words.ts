import type { ErrorCode } from "../errors.ts";

/**
 * Our codes in OpenAI's words, so that its SDKs raise the class their users catch:
 * https://platform.openai.com/docs/guides/error-codes/api-errors
 */
export const OPENAI_WORDS = {
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
