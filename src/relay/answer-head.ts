import { type FieldFilter, makeFieldFilter } from "../lib/header-list.ts";
import type { ResponseHead } from "../wire/response-head.ts";

/** RFC 9110 section 7.6.1 and the fields HTTP/1.1 itself owns: they speak of one connection only. */
export const HOP_BY_HOP: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** The provider's own request id goes by another name: `x-request-id` is the one the caller gave or got from us. */
const STAYS_BEHIND = [...HOP_BY_HOP, "content-length", "x-request-id", "x-llmux-*"];
const FROM_PROVIDER: FieldFilter = makeFieldFilter(STAYS_BEHIND);
/** Where the answer says what the caller may use of our own limits, the provider's word on ours there would only confuse it. */
const FROM_PROVIDER_WITHOUT_LIMITS: FieldFilter = makeFieldFilter([
  ...STAYS_BEHIND,
  "x-ratelimit-*",
  "anthropic-ratelimit-*",
]);

/** Reason phrases of what we say ourselves (RFC 9110 section 15). */
const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** The reason phrase for a status; empty where RFC 9110 names none that we use. */
export function reasonOf(status: number): string {
  return REASONS[status] ?? "";
}

/**
 * The head of a provider's answer as it goes to the caller: its end-to-end fields as they came, then ours. `own` is complete
 * lines (latin1); `body`, where it is there already, is put behind the head so that both leave in one write.
 */
export function composeAnswerHead(head: ResponseHead, requestId: string, own: string, body: Buffer | null): Buffer {
  const providerRequestId = head.headers.get("x-request-id");
  const start = `HTTP/1.1 ${head.status} ${head.reason === "" ? reasonOf(head.status) : head.reason}\r\n`;
  let end = `x-request-id: ${requestId}\r\n`;
  if (providerRequestId !== null) end += `x-upstream-request-id: ${providerRequestId}\r\n`;
  end += `${own}\r\n`;
  const named = head.connectionOptions.length === 0 ? null : head.connectionOptions;
  const filter = own.includes("ratelimit-") ? FROM_PROVIDER_WITHOUT_LIMITS : FROM_PROVIDER;
  const kept = head.headers.measure(filter, named);
  const buffer = Buffer.allocUnsafeSlow(start.length + kept + end.length + (body?.length ?? 0));
  let at = buffer.write(start, 0, "latin1");
  at = head.headers.copyTo(buffer, at, filter, named);
  at += buffer.write(end, at, "latin1");
  body?.copy(buffer, at);
  return buffer;
}
