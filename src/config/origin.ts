import type { Origin } from "../exchange.ts";

/** The longest path a Unix socket's address can hold on Linux (sun_path is 108 bytes with its end). */
export const MAX_SOCKET_PATH_BYTES = 107;

/** A `base_url` → where to connect; a text says what is wrong, without the URL itself, which may hold a password. */
export function parseBaseUrl(text: string): Origin | string {
  if (text.startsWith("unix:")) return parseUnix(text.slice("unix:".length));
  const match = /^(https?):\/\/[^/?#\\]/i.exec(text);
  if (match === null) return 'expected a URL that starts with "https://", "http://" or "unix:/"';
  // The URL parser drops tabs and line breaks and turns "\" into "/": a config should say what it means.
  if (/[\s\\\p{C}]/u.test(text)) return "expected a URL without spaces, backslashes and control characters";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The parser's message quotes the URL.
    return "expected a valid URL, got one with a malformed host or port";
  }
  if (url.username !== "" || url.password !== "") {
    return "expected a URL without user and password; use api_key";
  }
  if (text.includes("?")) return "expected a URL without a query";
  if (text.includes("#")) return "expected a URL without a fragment";
  const tls = url.protocol === "https:";
  const port = url.port === "" ? (tls ? 443 : 80) : Number(url.port);
  if (port === 0) return "expected a port between 1 and 65535";
  return {
    tls,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port,
    hostHeader: url.host,
    pathPrefix: trimSlashes(url.pathname),
    unixPath: null,
  };
}

/** `/run/vllm.sock` or, with a path before the endpoint's own, `/run/vllm.sock:/v1` (nginx writes it like this). */
function parseUnix(rest: string): Origin | string {
  const expected = 'expected "unix:/path/to/socket", or with a prefix "unix:/path/to/socket:/v1"';
  const colon = rest.indexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const prefix = colon < 0 ? "" : rest.slice(colon + 1);
  if (!/^\/[^\p{C}]*[^/\p{C}]$/u.test(path) || path.startsWith("//")) return expected;
  if (prefix !== "" && !/^\/[A-Za-z0-9._~!$&'()*+,;=:%/-]*$/.test(prefix)) return expected;
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES)
    return `expected a socket path of at most ${MAX_SOCKET_PATH_BYTES} bytes`;
  return {
    tls: false,
    host: "localhost",
    port: 80,
    hostHeader: "localhost",
    pathPrefix: trimSlashes(prefix),
    unixPath: path,
  };
}

function trimSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}
