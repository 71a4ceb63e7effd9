import { HeaderList } from "../lib/header-list.ts";
import type { BodyFraming, HeadLimits } from "./request-head.ts";

export type ResponseHead = {
  readonly status: number;
  readonly reason: string;
  readonly minorVersion: 0 | 1;
  readonly headers: HeaderList;
  readonly framing: BodyFraming;
  /** Whether the connection may carry another request once the body is through. */
  readonly keepAlive: boolean;
  /** What the Connection header names: these fields are for this connection only. */
  readonly connectionOptions: readonly string[];
};

export type ParsedResponseHead =
  | { readonly kind: "incomplete" }
  | { readonly kind: "head"; readonly head: ResponseHead; readonly length: number }
  | { readonly kind: "invalid"; readonly message: string };

const END_OF_HEAD = Buffer.from("\r\n\r\n");
/** RFC 9112 section 4; a missing reason phrase without its space is common and harmless. */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const PREFIX = Buffer.from("HTTP/1.");

/**
 * Parses one response head, as strictly as a request's: a provider is hostile until proven otherwise.
 * `requestMethod` matters for the framing (a HEAD has no body). Never throws.
 */
export function parseResponseHead(bytes: Buffer, limits: HeadLimits, requestMethod: string): ParsedResponseHead {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end === -1 || end > limits.maxHeadBytes) return judgeIncomplete(bytes, end, limits);
  const lineEnd = bytes.indexOf(13);
  const statusLine = readStatusLine(bytes, lineEnd);
  if (statusLine === null) return invalid("expected a status line: HTTP/1.1 SP status SP reason");
  const { status, reason, minorVersion } = statusLine;
  if (bytes[lineEnd + 1] !== 10) return invalid("expected CRLF after the status line, got a bare CR");
  const headers = new HeaderList(bytes);
  const problem = headers.parse(lineEnd + 2, end + 2, limits.maxHeaders);
  if (problem !== null) return invalid(problem.message);
  const framing = frameResponse(headers, status, minorVersion, requestMethod);
  if (typeof framing === "string") return invalid(framing);
  const connection = headers.tokens("connection");
  return {
    kind: "head",
    length: end + 4,
    head: {
      status,
      reason,
      minorVersion,
      headers,
      framing,
      keepAlive:
        framing.kind !== "until-close" &&
        (minorVersion === 1 ? !connection.includes("close") : connection.includes("keep-alive")),
      connectionOptions: connection,
    },
  };
}

type StatusLine = { readonly status: number; readonly reason: string; readonly minorVersion: 0 | 1 };

const OK_LINE = Buffer.from("HTTP/1.1 200 OK");
const OK: StatusLine = { status: 200, reason: "OK", minorVersion: 1 };

function readStatusLine(bytes: Buffer, end: number): StatusLine | null {
  if (end === OK_LINE.length && bytes.compare(OK_LINE, 0, end, 0, end) === 0) return OK;
  const statusLine = STATUS_LINE.exec(bytes.toString("latin1", 0, end));
  if (statusLine === null) return null;
  return {
    status: Number(statusLine[2]),
    reason: statusLine[3] ?? "",
    minorVersion: statusLine[1] === "1" ? 1 : 0,
  };
}

function invalid(message: string): ParsedResponseHead {
  return { kind: "invalid", message };
}

function judgeIncomplete(bytes: Buffer, end: number, limits: HeadLimits): ParsedResponseHead {
  if (end !== -1 || bytes.length > limits.maxHeadBytes + END_OF_HEAD.length) {
    return invalid(`expected a response head of at most ${limits.maxHeadBytes} bytes`);
  }
  const known = Math.min(bytes.length, PREFIX.length);
  if (bytes.compare(PREFIX, 0, known, 0, known) !== 0) return invalid("expected an HTTP/1.x response");
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (at === 0 || bytes[at - 1] !== 13) return invalid("expected CRLF, got a bare LF");
  }
  return { kind: "incomplete" };
}

/** RFC 9112 section 6.3, with every doubtful case an error. Returns the framing, or what is wrong. */
function frameResponse(
  headers: HeaderList,
  status: number,
  minorVersion: 0 | 1,
  requestMethod: string,
): BodyFraming | string {
  const codings = headers.count("transfer-encoding");
  const length = headers.readLength();
  if (codings > 0 && length !== null) return "Content-Length and Transfer-Encoding may not stand together";
  if (codings > 1) return "expected one Transfer-Encoding";
  if (typeof length === "string") return length;
  if (codings === 1) {
    if (minorVersion === 0) return "Transfer-Encoding does not exist in HTTP/1.0";
    if ((headers.get("transfer-encoding") as string).toLowerCase() !== "chunked") {
      return "expected Transfer-Encoding: chunked";
    }
  }
  if (requestMethod === "HEAD" || status < 200 || status === 204 || status === 304) return { kind: "none" };
  if (codings === 1) return { kind: "chunked" };
  if (length === null) return { kind: "until-close" };
  return length === 0 ? { kind: "none" } : { kind: "length", bytes: length };
}
