/** Characters of a header's name (RFC 9110 section 5.6.2, token). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
/** A character that a header's value cannot hold (RFC 9110 section 5.5: VCHAR, SP, HTAB, obs-text). */
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const NOT_IN_A_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * Headers that a config cannot set: what belongs to the connection (RFC 9110 section 7.6.1) or to the message's
 * framing is the gateway's, and a credential has its own key.
 */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ["connection", "it belongs to the connection"],
  ["keep-alive", "it belongs to the connection"],
  ["proxy-connection", "it belongs to the connection"],
  ["proxy-authenticate", "it belongs to the connection"],
  ["proxy-authorization", "it belongs to the connection"],
  ["te", "it belongs to the connection"],
  ["trailer", "it belongs to the connection"],
  ["transfer-encoding", "it belongs to the connection"],
  ["upgrade", "it belongs to the connection"],
  ["expect", "it belongs to the connection"],
  ["host", "it follows from base_url"],
  ["content-length", "it follows from the body"],
  ["authorization", "use api_key"],
]);

/** Why this cannot be a header's name in a config; null when it can. */
export function checkHeaderName(name: string, credentialHeader: string | null): string | null {
  if (!TOKEN.test(name)) return `expected a header name (RFC 9110 token), got ${JSON.stringify(name.slice(0, 60))}`;
  const lower = name.toLowerCase();
  const reason = lower === credentialHeader?.toLowerCase() ? "use api_key" : REFUSED.get(lower);
  return reason === undefined ? null : `expected another header, ${lower} cannot be set here: ${reason}`;
}

/** Why this cannot be a header's value; null when it can. Never says the value. */
export function checkHeaderValue(value: string): string | null {
  if (value === "") return "expected a text that is not empty, got an empty one";
  if (value !== value.trim()) return "expected no space at its ends, got a text with some";
  const match = NOT_IN_A_VALUE.exec(value);
  if (match === null) return null;
  const code = match[0].charCodeAt(0);
  const what =
    code === 10 || code === 13
      ? "a line break"
      : code < 32 || code === 127
        ? "a control character"
        : "a character outside Latin-1";
  return `expected characters that a header can carry, got ${what} at position ${match.index + 1}`;
}
