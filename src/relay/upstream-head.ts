import type { Provider } from "../exchange.ts";
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
  "cookie",
  "host",
  "content-length",
  "expect",
  "x-request-id",
  "http2-settings",
  "x-llmux-*",
];

export type UpstreamHeadOptions = {
  readonly provider: Provider;
  readonly method: string;
  /** After the provider's base path, query included. */
  readonly path: string;
  readonly requestId: string;
  /** null: chunked. */
  readonly bodyBytes: number | null;
  /** Whether the answer's encoding is ours to choose, because we must read it. */
  readonly wantsIdentity: boolean;
  /** The protocol to ask for; an offer of the caller's that we do not serve (h2c) is not passed on. */
  readonly upgrade: string | null;
};

/** What of a provider's requests is always the same; made once for each provider of a snapshot. */
type ProviderLines = {
  readonly target: string;
  readonly host: string;
  /** Configured headers and the credential, complete lines. */
  readonly own: string;
  readonly filter: FieldFilter;
  readonly identityFilter: FieldFilter;
};

const linesOf = new WeakMap<Provider, ProviderLines>();

/**
 * The bytes of a provider's request: the caller's end-to-end fields as they came, our credential, our framing, and `body`
 * behind them where it is given.
 */
export function composeUpstreamRequest(head: RequestHead, options: UpstreamHeadOptions, body: Buffer | null): Buffer {
  let lines = linesOf.get(options.provider);
  if (lines === undefined) {
    lines = makeProviderLines(options.provider);
    linesOf.set(options.provider, lines);
  }
  const { bodyBytes } = options;
  const start = `${options.method} ${lines.target}${options.path} HTTP/1.1\r\nhost: ${lines.host}\r\n`;
  let end = lines.own;
  if (options.wantsIdentity) end += "accept-encoding: identity\r\n";
  end += `x-request-id: ${options.requestId}\r\n`;
  if (options.upgrade !== null) end += `connection: upgrade\r\nupgrade: ${options.upgrade}\r\n\r\n`;
  else if (bodyBytes === null) end += "transfer-encoding: chunked\r\n\r\n";
  else if (bodyBytes > 0 || options.method === "POST") end += `content-length: ${bodyBytes}\r\n\r\n`;
  else end += "\r\n";
  const named = head.connectionOptions.length === 0 ? null : head.connectionOptions;
  const filter = options.wantsIdentity ? lines.identityFilter : lines.filter;
  const kept = head.headers.measure(filter, named);
  const buffer = Buffer.allocUnsafeSlow(start.length + kept + end.length + (body?.length ?? 0));
  let at = buffer.write(start, 0, "latin1");
  at = head.headers.copyTo(buffer, at, filter, named);
  at += buffer.write(end, at, "latin1");
  body?.copy(buffer, at);
  return buffer;
}

function makeProviderLines(provider: Provider): ProviderLines {
  const { origin, credential } = provider;
  // Through a plain HTTP proxy the target is absolute (RFC 9112 section 3.2.2).
  const isAbsolute = provider.proxy !== null && !origin.tls;
  let own = "";
  for (const [name, value] of provider.headers) own += `${name}: ${value}\r\n`;
  if (credential !== null) own += `${credential.header}: ${credential.value.reveal()}\r\n`;
  const dropped = [...NEVER_FORWARDED, ...provider.headers.map(([name]) => name.toLowerCase())];
  if (credential !== null) dropped.push(credential.header.toLowerCase());
  const proxyUser = isAbsolute ? (provider.proxy?.userInfo ?? null) : null;
  if (proxyUser !== null) {
    own += `proxy-authorization: Basic ${Buffer.from(proxyUser.reveal()).toString("base64")}\r\n`;
  }
  return {
    target: `${isAbsolute ? `http://${origin.hostHeader}` : ""}${origin.pathPrefix}`,
    host: origin.hostHeader,
    own,
    filter: makeFieldFilter(dropped),
    identityFilter: makeFieldFilter([...dropped, "accept-encoding"]),
  };
}
