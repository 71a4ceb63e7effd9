import { HeaderList, TOKEN } from "../lib/header-list.ts";

/** How a message's body is delimited on the wire (RFC 9112 section 6). */
export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** Responses only: the body ends where the connection ends. */
  | { readonly kind: "until-close" };

export type HeadLimits = { readonly maxHeadBytes: number; readonly maxHeaders: number };

export type RequestHead = {
  readonly method: string;
  /** The request target as it came. */
  readonly target: string;
  /** Path of the target, still percent-encoded; "*" for the asterisk form. */
  readonly path: string;
  /** With its question mark; "" when there is none. */
  readonly query: string;
  readonly minorVersion: 0 | 1;
  readonly headers: HeaderList;
  readonly framing: BodyFraming;
  readonly keepAlive: boolean;
  /** What the Connection header names: these fields are for this connection only. */
  readonly connectionOptions: readonly string[];
  readonly expectsContinue: boolean;
  /** The protocol of an Upgrade that the Connection header confirms, lower case. */
  readonly upgrade: string | null;
};

export type ParsedRequestHead =
  | { readonly kind: "incomplete" }
  | { readonly kind: "head"; readonly head: RequestHead; readonly length: number }
  | { readonly kind: "invalid"; readonly status: number; readonly message: string };

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const REQUEST_LINE = /^([^ ]+) ([^ ]+) HTTP\/([0-9])\.([0-9])$/;
/** RFC 3986: what a path and a query may hold; everything else must be percent-encoded. */
const PATH_AND_QUERY =
  /^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*(?:\?(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?[\]|]|%[0-9A-Fa-f]{2})*)?$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)([/?].*)?$/i;
/** RFC 3986 reg-name, IPv4 or bracketed IPv6, then an optional port. Empty is allowed (RFC 9112 section 3.2). */
const HOST = /^(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;

let lastTarget = "";
let lastLocated: { readonly path: string; readonly query: string } | null = null;
let lastHost = "";

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Parses one request head as RFC 9112 says it, refusing everything that two implementations could read differently.
 * `bytes` starts at the head; `length` says where the body begins. Never throws.
 */
export function parseRequestHead(bytes: Buffer, limits: HeadLimits): ParsedRequestHead {
  // RFC 9112 section 2.2: one empty line before the request line is ignored.
  const start = bytes.length >= 2 && bytes[0] === 13 && bytes[1] === 10 ? 2 : 0;
  const end = bytes.indexOf(END_OF_HEAD, start);
  if (end === -1 || end - start > limits.maxHeadBytes) return judgeIncomplete(bytes, start, end, limits);

  const lineEnd = bytes.indexOf(13, start);
  const line = readRequestLine(bytes, start, lineEnd);
  if (line.kind === "invalid") return line;
  const { method, target, minorVersion } = line;
  if (bytes[lineEnd + 1] !== 10) return invalid(400, "expected CRLF after the request line, got a bare CR");
  const headers = new HeaderList(bytes);
  const problem = headers.parse(lineEnd + 2, end + 2, limits.maxHeaders);
  if (problem !== null) return invalid(problem.isTooMany ? 431 : 400, problem.message);

  // RFC 9112 section 3.2: exactly one Host in 1.1, at most one in 1.0, and well formed.
  const hosts = headers.count("host");
  if (hosts > 1 || (hosts === 0 && minorVersion === 1)) return invalid(400, `expected exactly one Host, got ${hosts}`);
  if (hosts === 1) {
    const host = headers.get("host") as string;
    if (host !== lastHost) {
      if (!HOST.test(host)) return invalid(400, "the Host header is malformed");
      lastHost = host;
    }
  }

  // A caller asks for the same few targets again and again: the one before needs no second check.
  const located = target === lastTarget ? lastLocated : locateTarget(method, target);
  if (located === null) return invalid(400, "the request target is malformed");

  if (target !== "*" && located !== lastLocated) {
    lastTarget = target;
    lastLocated = located;
  }

  const framing = frameRequest(headers, minorVersion);
  if (framing.kind === "invalid") return framing;

  const expect = headers.get("expect");
  if (expect !== null && expect.toLowerCase() !== "100-continue") {
    return invalid(417, "expected no Expect header or 100-continue");
  }
  // Most heads have no Connection header at all.
  const connection = headers.tokens("connection");
  return {
    kind: "head",
    length: end + 4,
    head: {
      method,
      target,
      path: located.path,
      query: located.query,
      minorVersion,
      headers,
      framing: framing.framing,
      keepAlive: minorVersion === 1 ? !connection.includes("close") : connection.includes("keep-alive"),
      connectionOptions: connection,
      expectsContinue: expect !== null && minorVersion === 1,
      upgrade: connection.includes("upgrade") ? (headers.get("upgrade")?.toLowerCase() ?? null) : null,
    },
  };
}

type RequestLine = {
  readonly kind: "line";
  readonly method: string;
  readonly target: string;
  readonly minorVersion: 0 | 1;
};

const POST_LINE = Buffer.from("POST ");
const GET_LINE = Buffer.from("GET ");
const VERSION = Buffer.from(" HTTP/1.1");

function readRequestLine(bytes: Buffer, start: number, end: number): RequestLine | Invalid {
  // What nearly every request begins with, without a string for each of its parts.
  const methodEnd = startsWith(bytes, start, POST_LINE)
    ? start + 4
    : startsWith(bytes, start, GET_LINE)
      ? start + 3
      : -1;
  const targetEnd = end - VERSION.length;
  if (methodEnd !== -1 && targetEnd > methodEnd + 1 && startsWith(bytes, targetEnd, VERSION)) {
    const target = bytes.toString("latin1", methodEnd + 1, targetEnd);
    if (!target.includes(" ")) {
      return { kind: "line", method: methodEnd === start + 4 ? "POST" : "GET", target, minorVersion: 1 };
    }
  }
  const requestLine = REQUEST_LINE.exec(bytes.toString("latin1", start, end));
  if (requestLine === null) return invalid(400, "expected a request line: METHOD SP target SP HTTP/1.1");
  const [, method, target, major, minor] = requestLine as unknown as [string, string, string, string, string];
  if (!TOKEN.test(method)) return invalid(400, "the method is not a token");
  if (major !== "1" || (minor !== "0" && minor !== "1")) return invalid(505, "expected HTTP/1.0 or HTTP/1.1");
  if (!METHODS.has(method)) return invalid(405, "the method is not one this server knows");
  return { kind: "line", method, target, minorVersion: minor === "1" ? 1 : 0 };
}

function startsWith(bytes: Buffer, at: number, prefix: Buffer): boolean {
  for (let index = 0; index < prefix.length; index++) if (bytes[at + index] !== prefix[index]) return false;
  return true;
}

type Invalid = Extract<ParsedRequestHead, { kind: "invalid" }>;

function invalid(status: number, message: string): Invalid {
  return { kind: "invalid", status, message };
}

/** A head that has not ended yet: refused early where no continuation could make it right, so that nobody waits for a timeout. */
function judgeIncomplete(bytes: Buffer, start: number, end: number, limits: HeadLimits): ParsedRequestHead {
  if (end !== -1 || bytes.length - start > limits.maxHeadBytes + END_OF_HEAD.length) {
    return invalid(431, `expected a request head of at most ${limits.maxHeadBytes} bytes`);
  }
  if (bytes.length > start) {
    const first = bytes[start] as number;
    const isLoneCarriageReturn = start === 0 && first === 13 && bytes.length === 1;
    if (!isLoneCarriageReturn && (first < 33 || first > 126)) return invalid(400, "expected a method");
  }
  for (let at = bytes.indexOf(10, start); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (at === 0 || bytes[at - 1] !== 13) return invalid(400, "expected CRLF, got a bare LF");
  }
  return { kind: "incomplete" };
}

function locateTarget(method: string, target: string): { path: string; query: string } | null {
  if (target === "*") return method === "OPTIONS" ? { path: "*", query: "" } : null;
  let pathAndQuery = target;
  if (!target.startsWith("/")) {
    const absolute = ABSOLUTE_FORM.exec(target);
    if (absolute === null) return null;
    const authority = absolute[1] as string;
    if (authority === "" || !HOST.test(authority)) return null;
    const rest = absolute[2] ?? "/";
    pathAndQuery = rest.startsWith("?") ? `/${rest}` : rest;
  }
  if (!PATH_AND_QUERY.test(pathAndQuery)) return null;
  const question = pathAndQuery.indexOf("?");
  return question === -1
    ? { path: pathAndQuery, query: "" }
    : { path: pathAndQuery.slice(0, question), query: pathAndQuery.slice(question) };
}

type Framed = { readonly kind: "ok"; readonly framing: BodyFraming };
const CHUNKED: Framed = { kind: "ok", framing: { kind: "chunked" } };
const NO_BODY: Framed = { kind: "ok", framing: { kind: "none" } };

function frameRequest(headers: HeaderList, minorVersion: 0 | 1): Framed | Invalid {
  const codings = headers.count("transfer-encoding");
  const length = headers.readLength();
  if (codings > 0) {
    // RFC 9112 section 6.1: with both, or in HTTP/1.0, the framing is suspect.
    if (length !== null) return invalid(400, "Content-Length and Transfer-Encoding may not stand together");
    if (minorVersion === 0) return invalid(400, "Transfer-Encoding does not exist in HTTP/1.0");
    if (codings > 1) return invalid(400, "expected one Transfer-Encoding");
    if ((headers.get("transfer-encoding") as string).toLowerCase() !== "chunked") {
      return invalid(501, "expected Transfer-Encoding: chunked");
    }
    return CHUNKED;
  }
  if (length === null || length === 0) return NO_BODY;
  if (typeof length === "string") return invalid(400, length);
  return { kind: "ok", framing: { kind: "length", bytes: length } };
}
