/**
 * The one error of the gateway and its one table: from a code to status, retryability and log level.
 * Every edge turns what it caught into a GatewayError; the rescue layer alone turns it into an answer.
 */

export type ErrorCode =
  | "invalid_request"
  | "unauthorized"
  | "budget_exceeded"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "request_timeout"
  | "payload_too_large"
  | "headers_too_large"
  | "context_window_exceeded"
  | "content_policy"
  | "rate_limited"
  | "overloaded"
  | "internal"
  | "upstream_error"
  | "upstream_truncated"
  | "no_deployment"
  | "upstream_timeout";

export type ErrorTraits = {
  readonly status: number;
  /** Whether the same request may succeed if sent again, here or at another deployment. */
  readonly isRetryable: boolean;
  readonly logLevel: "info" | "warn" | "error";
};

export const ERROR_TABLE = {
  invalid_request: { status: 400, isRetryable: false, logLevel: "info" },
  unauthorized: { status: 401, isRetryable: false, logLevel: "info" },
  budget_exceeded: { status: 429, isRetryable: false, logLevel: "info" },
  forbidden: { status: 403, isRetryable: false, logLevel: "info" },
  not_found: { status: 404, isRetryable: false, logLevel: "info" },
  method_not_allowed: { status: 405, isRetryable: false, logLevel: "info" },
  request_timeout: { status: 408, isRetryable: false, logLevel: "info" },
  payload_too_large: { status: 413, isRetryable: false, logLevel: "info" },
  headers_too_large: { status: 431, isRetryable: false, logLevel: "info" },
  context_window_exceeded: { status: 400, isRetryable: false, logLevel: "info" },
  content_policy: { status: 400, isRetryable: false, logLevel: "info" },
  rate_limited: { status: 429, isRetryable: true, logLevel: "info" },
  overloaded: { status: 503, isRetryable: true, logLevel: "warn" },
  internal: { status: 500, isRetryable: false, logLevel: "error" },
  upstream_error: { status: 502, isRetryable: true, logLevel: "warn" },
  upstream_truncated: { status: 502, isRetryable: true, logLevel: "warn" },
  no_deployment: { status: 503, isRetryable: true, logLevel: "warn" },
  upstream_timeout: { status: 504, isRetryable: true, logLevel: "warn" },
} as const satisfies Record<ErrorCode, ErrorTraits>;

export type GatewayErrorOptions = {
  /** What really happened; shown in the log, never to the caller. */
  readonly cause?: unknown;
  /** Overrides the table's status where a protocol rule asks for a finer one (417, 501, 505). */
  readonly status?: number;
  /** Seconds for the Retry-After header. */
  readonly retryAfterSeconds?: number;
  /** The dialect's own finer code, e.g. `model_not_found`. */
  readonly detail?: string;
  /** Methods for the Allow header of a 405. */
  readonly allow?: string;
  /** The request's field at fault, e.g. `model`. */
  readonly param?: string;
  /** What went wrong upstream, for `llm_upstream_error_total{error_type}`: a short fixed word, never free text. */
  readonly upstreamType?: UpstreamErrorType;
};

/** Closed list of what can go wrong with a provider; a metric label. */
export type UpstreamErrorType =
  | "connect"
  | "dns"
  | "tls"
  | "proxy"
  | "timeout_connect"
  | "timeout_first_byte"
  | "timeout_idle"
  | "timeout_total"
  | "reset"
  | "truncated"
  | "protocol"
  | "stream_error"
  | "error_in_200"
  | "content_type"
  | "redirect"
  | "http_4xx"
  | "http_429"
  | "http_5xx"
  | "auth";

/** What a provider's error status counts as (DESIGN section 6). */
export function upstreamErrorTypeOf(status: number): UpstreamErrorType {
  if (status === 401 || status === 402 || status === 403) return "auth";
  if (status === 429) return "http_429";
  return status >= 500 ? "http_5xx" : "http_4xx";
}

/** An error that ends an exchange; the caller sees code and message, the log sees the cause. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly options: GatewayErrorOptions;

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? ERROR_TABLE[code].status;
    this.options = options;
  }

  /** Anything thrown, as a GatewayError: what is not one already becomes `internal` with the original as its cause. */
  static from(thrown: unknown): GatewayError {
    if (thrown instanceof GatewayError) return thrown;
    return new GatewayError("internal", "The gateway met an unexpected error.", { cause: thrown });
  }
}
