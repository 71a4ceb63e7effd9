import type { HttpMessage } from "../instruments/http-reader.ts";

/**
 * Headers that are not compared, each with its reason. All others must be the same on both sides: what authenticates, versions and
 * content types above all.
 */
const IGNORED: readonly (readonly [name: RegExp, reason: string])[] = [
  [/^(?:host|connection|content-length|transfer-encoding)$/, "framing, and the connection's own"],
  [/^user-agent$/, "the caller's own goes through"],
  [/^accept-encoding$/, "we ask for identity, because the answer must be read"],
  [/^accept$/, "the body or the path says whether an answer streams; no provider decides by this header"],
  [/^accept-language$/, "what a runtime's fetch adds by itself"],
  [/^sec-fetch-mode$/, "what a runtime's fetch adds by itself"],
  [/^x-request-id$/, "ours, for finding a request in two logs"],
  [/^x-stainless-/, "figures about the SDK and its runtime"],
  [/^x-fern-/, "figures about the SDK and its runtime"],
  [/^(?:x-goog-api-client|x-client-name|x-amz-user-agent)$/, "names the SDK"],
  [/^amz-sdk-(?:invocation-id|request)$/, "counts the SDK's own attempts"],
];

/** What of a head means something: name and value of each header, sorted. */
export function readMeaningfulHeaders(message: HttpMessage): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const [written, value] of message.headers) {
    const name = written.toLowerCase();
    if (IGNORED.some(([pattern]) => pattern.test(name))) continue;
    kept[name] = name === "content-type" ? withoutCharset(value) : name in kept ? `${kept[name]}, ${value}` : value;
  }
  return kept;
}

/** JSON is UTF-8 whatever its type says (RFC 8259 section 8.1). */
function withoutCharset(type: string): string {
  return type.replace(/^(application\/json)\s*;\s*charset=utf-8$/i, "$1");
}
