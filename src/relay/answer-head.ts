import type { HeaderList } from "../wire/header-list.ts";

/** RFC 9110 section 7.6.1 and the fields HTTP/1.1 itself owns: they speak of one connection only. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Names that the Connection header declares to be for this connection only. */
export function connectionOptions(headers: HeaderList): ReadonlySet<string> | null {
  let options: Set<string> | null = null;
  for (let index = 0; index < headers.length; index++) {
    if (headers.lowerNames[index] !== "connection") continue;
    for (const option of (headers.values[index] as string).split(",")) {
      const name = option.trim().toLowerCase();
      if (name === "close" || name === "keep-alive" || name === "upgrade" || name === "") continue;
      options ??= new Set();
      options.add(name);
    }
  }
  return options;
}

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
