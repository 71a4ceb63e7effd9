import { GatewayError } from "../errors.ts";
import type { ResponseHead } from "../wire/response-head.ts";

/** What makes an answer unfit to be passed on, seen from its head; null when nothing does. */
export function judgeAnswerHead({ status, headers }: ResponseHead, answersJson: boolean): GatewayError | null {
  if (status >= 300 && status < 400) {
    // Followed, or passed on for the caller to follow, it would carry the request to a host nobody configured.
    return new GatewayError("upstream_error", `The provider answered with a redirect (status ${status}).`, {
      upstreamType: "redirect",
    });
  }
  if (status < 300 && answersJson && headers.startsWith("content-type", "text/html")) {
    return new GatewayError("upstream_error", "The provider answered with a web page instead of JSON.", {
      upstreamType: "content_type",
    });
  }
  return null;
}

/** Whether a Content-Encoding leaves the bytes readable. */
export function isIdentity(contentEncoding: string | null): boolean {
  return contentEncoding === null || contentEncoding === "" || contentEncoding.toLowerCase() === "identity";
}

export function isJsonType({ headers }: ResponseHead): boolean {
  return (
    headers.startsWith("content-type", "application/json") ||
    headers.startsWith("content-type", "application/problem+json")
  );
}

/** Whether a body can be a whole JSON text: it opens and closes. A full parse would cost more than it tells. */
export function looksWhole(body: Buffer): boolean {
  let end = body.length - 1;
  while (end >= 0 && isSpace(body[end] as number)) end--;
  let start = 0;
  while (start < end && isSpace(body[start] as number)) start++;
  const first = body[start];
  const last = body[end];
  return end > start && ((first === 123 && last === 125) || (first === 91 && last === 93));
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}
