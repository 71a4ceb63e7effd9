import { KEY_PROTOCOL } from "../lib/key-protocol.ts";
import type { AuthHeaders, Provider, Surface } from "../exchange.ts";
import { type FieldFilter, makeFieldFilter } from "../lib/header-list.ts";
import type { RequestHead } from "../wire/request-head.ts";
import { HOP_BY_HOP } from "./answer-head.ts";

/** Fields of a caller's request that never travel: credentials, what we set ourselves, and what steers only us. */
const NEVER_FORWARDED = [
  ...HOP_BY_HOP,
  "authorization",
  "api-key",
  "x-api-key",
  "x-goog-api-key",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-content-sha256",
  "cookie",
  "host",
  "content-length",
  "expect",
  "x-request-id",
  "http2-settings",
  "sec-websocket-protocol",
  "x-llmux-*",
];

/** Fields of a caller's request that travel with a translated one: what they say does not depend on the API spoken. */
const TRANSLATED_FORWARDED: ReadonlySet<string> = new Set(["user-agent", "traceparent", "tracestate", "baggage"]);

export type UpstreamHeadOptions = {
  readonly provider: Provider;
  readonly surface: Surface;
  /** The credential's header lines; empty where the provider takes none. */
  readonly auth: AuthHeaders;
  readonly method: string;
  /** The whole target after the host, as `upstreamTarget` makes it. */
  readonly path: string;
  readonly requestId: string;
  /** null: chunked. */
  readonly bodyBytes: number | null;
  /** Whether the answer's encoding is ours to choose, because we must read it. */
  readonly wantsIdentity: boolean;
  /** The body is of our making: then so are the headers that describe it. */
  readonly isTranslated: boolean;
  /** The protocol to ask for; an offer of the caller's that we do not serve (h2c) is not passed on. */
  readonly upgrade: string | null;
};

/** What of the requests to one surface of a provider is always the same; made once for each surface of a snapshot. */
type SurfaceLines = {
  /** Scheme and host where the target must be absolute. */
  readonly absolute: string;
  readonly host: string;
  /** Configured headers, complete lines. */
  readonly own: string;
  /** Headers the surface asks for where the caller sends none, and as lines for translated requests. */
  readonly defaults: readonly (readonly [name: string, value: string])[];
  readonly filter: FieldFilter;
  readonly identityFilter: FieldFilter;
};

const linesOf = new WeakMap<Surface, SurfaceLines>();

/** Query members that carry a caller's credential (Google's APIs): no more forwarded than its header is. */
const SECRET_MEMBERS: ReadonlySet<string> = new Set(["key", "access_token", "api_key", "api-key"]);

/**
 * Path and query of a request to a provider: its base path, the endpoint's own, the caller's query and the surface's, which wins
 * where both name a member.
 */
export function upstreamTarget(provider: Provider, surface: Surface, path: string, query: string): string {
  let target = provider.origin.pathPrefix + path;
  const add = (part: string): void => {
    target += `${target.includes("?") ? "&" : "?"}${part}`;
  };
  // An empty query says nothing, and passes as what it is.
  if (query === "?" && surface.query === "") target += "?";
  if (query.length > 1) {
    const own = new Set(surface.query.split("&").map((member) => member.split("=")[0]));
    for (const member of query.slice(1).split("&")) {
      const name = decodeName(member.split("=")[0] as string);
      if (!own.has(name) && !SECRET_MEMBERS.has(name)) add(member);
    }
  }
  if (surface.query !== "") add(surface.query);
  return target;
}

/** A query member's name as whoever reads it will see it: `%6bey` is `key`. */
function decodeName(name: string): string {
  if (!name.includes("%")) return name.toLowerCase();
  try {
    return decodeURIComponent(name).toLowerCase();
  } catch {
    return name.toLowerCase(); // no encoding of anything: nobody reads it as another name
  }
}

/** The protocols that a caller offers, without its credential; null where none is left. */
function offeredProtocols(head: RequestHead): string | null {
  const offered = head.headers.get("sec-websocket-protocol");
  if (offered === null) return null;
  const kept = offered.split(",").filter((protocol) => !protocol.trim().startsWith(KEY_PROTOCOL));
  return kept.length === 0 ? null : kept.map((protocol) => protocol.trim()).join(", ");
}

/**
 * The bytes of a provider's request: the caller's end-to-end fields as they came, our credential, our framing, and `body`
 * behind them where it is given.
 */
export function composeUpstreamRequest(head: RequestHead, options: UpstreamHeadOptions, body: Buffer | null): Buffer {
  const { surface, auth, bodyBytes } = options;
  let lines = linesOf.get(surface);
  if (lines === undefined) {
    lines = makeSurfaceLines(options.provider, surface, auth);
    linesOf.set(surface, lines);
  }
  const start = `${options.method} ${lines.absolute}${options.path} HTTP/1.1\r\nhost: ${lines.host}\r\n`;
  let end = lines.own;
  for (const [name, value] of auth) end += `${name}: ${value}\r\n`;
  for (const [name, value] of lines.defaults) {
    if (options.isTranslated || head.headers.get(name) === null) end += `${name}: ${value}\r\n`;
  }
  if (options.wantsIdentity) end += "accept-encoding: identity\r\n";
  end += `x-request-id: ${options.requestId}\r\n`;
  if (options.isTranslated) end += translatedLines(head);
  if (options.upgrade !== null) {
    const protocols = offeredProtocols(head);
    if (protocols !== null) end += `sec-websocket-protocol: ${protocols}\r\n`;
    end += `connection: upgrade\r\nupgrade: ${options.upgrade}\r\n\r\n`;
  } else if (bodyBytes === null) end += "transfer-encoding: chunked\r\n\r\n";
  else if (bodyBytes > 0 || options.method === "POST") end += `content-length: ${bodyBytes}\r\n\r\n`;
  else end += "\r\n";
  const named = head.connectionOptions.length === 0 ? null : head.connectionOptions;
  const filter = options.wantsIdentity ? lines.identityFilter : lines.filter;
  const kept = options.isTranslated ? 0 : head.headers.measure(filter, named);
  const buffer = Buffer.allocUnsafeSlow(start.length + kept + end.length + (body?.length ?? 0));
  let at = buffer.write(start, 0, "latin1");
  if (!options.isTranslated) at = head.headers.copyTo(buffer, at, filter, named);
  at += buffer.write(end, at, "latin1");
  body?.copy(buffer, at);
  return buffer;
}

function translatedLines(head: RequestHead): string {
  let lines = "content-type: application/json\r\naccept: */*\r\n";
  for (const [name, value] of head.headers) if (TRANSLATED_FORWARDED.has(name)) lines += `${name}: ${value}\r\n`;
  return lines;
}

function makeSurfaceLines(provider: Provider, surface: Surface, auth: AuthHeaders): SurfaceLines {
  const { origin } = provider;
  // Through a plain HTTP proxy the target is absolute (RFC 9112 section 3.2.2).
  const isAbsolute = provider.proxy !== null && !origin.tls;
  let own = "";
  for (const [name, value] of provider.headers) own += `${name}: ${value}\r\n`;
  const configured = new Set(provider.headers.map(([name]) => name.toLowerCase()));
  // What carries our credential is ours alone, whatever the caller sends under that name.
  const dropped = [...NEVER_FORWARDED, ...configured, ...auth.map(([name]) => name.toLowerCase())];
  const proxyUser = isAbsolute ? (provider.proxy?.userInfo ?? null) : null;
  if (proxyUser !== null) {
    own += `proxy-authorization: Basic ${Buffer.from(proxyUser.reveal()).toString("base64")}\r\n`;
  }
  return {
    absolute: isAbsolute ? `http://${origin.hostHeader}` : "",
    host: origin.hostHeader,
    own,
    defaults: surface.headers.filter(([name]) => !configured.has(name.toLowerCase())),
    filter: makeFieldFilter(dropped),
    identityFilter: makeFieldFilter([...dropped, "accept-encoding"]),
  };
}
