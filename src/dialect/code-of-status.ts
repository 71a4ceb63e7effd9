import type { ErrorCode } from "../errors.ts";

/** What a provider's status means where its error says nothing more; an API that means another thing by one asks before. */
export function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return "unauthorized";
    case 402:
      return "budget_exceeded";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 405:
      return "method_not_allowed";
    case 408:
      return "request_timeout";
    case 413:
      return "payload_too_large";
    case 429:
      return "rate_limited";
    // 529 is Anthropic's, and others took it over.
    case 503:
    case 529:
      return "overloaded";
    case 504:
      return "upstream_timeout";
    default:
      return status >= 500 ? "upstream_error" : "invalid_request";
  }
}
