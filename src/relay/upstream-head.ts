import type { Provider } from "../exchange.ts";
import type { RequestHead } from "../wire/request-head.ts";
import { connectionOptions, HOP_BY_HOP } from "./answer-head.ts";

/** Fields of a caller's request that never travel: credentials, what we set ourselves, and what steers only us. */
const NEVER_FORWARDED: ReadonlySet<string> = new Set([
  "authorization",
  "api-key",
  "x-api-key",
  "x-goog-api-key",
  "cookie",
  "host",
  "content-length",
  "expect",
  "x-request-id",
]);
const OWN_PREFIX = "x-llmux-";

export type UpstreamHeadOptions = {
  readonly provider: Provider;
  /** After the provider's base path, query included. */
  readonly path: string;
  readonly requestId: string;
  /** null: chunked. */
  readonly bodyBytes: number | null;
  /** Asked of the provider where we must read the answer; null leaves the caller's wish. */
  readonly acceptEncoding: "identity" | null;
  /** The protocol to ask for; an offer of the caller's that we do not serve (h2c) is not passed on. */
  readonly upgrade: string | null;
  /** Through a plain HTTP proxy the target is absolute (RFC 9112 section 3.2.2). */
  readonly isAbsolute: boolean;
};

/** The head of the provider's request: the caller's end-to-end fields, our credential, our framing. */
export function buildUpstreamHead(head: RequestHead, options: UpstreamHeadOptions): string {
  const { provider, bodyBytes } = options;
  const { origin } = provider;
  const base = options.isAbsolute ? `http://${origin.hostHeader}` : "";
  let text = `${head.method} ${base}${origin.pathPrefix}${options.path} HTTP/1.1\r\nhost: ${origin.hostHeader}\r\n`;
  const { names, lowerNames, values } = head.headers;
  const dropped = connectionOptions(head.headers);
  const credentialHeader = provider.credential?.header;
  for (let index = 0; index < names.length; index++) {
    const lowerName = lowerNames[index] as string;
    if (HOP_BY_HOP.has(lowerName) || NEVER_FORWARDED.has(lowerName) || lowerName.startsWith(OWN_PREFIX)) continue;
    if (lowerName === "accept-encoding" && options.acceptEncoding !== null) continue;
    if (lowerName === credentialHeader || dropped?.has(lowerName) === true || isConfigured(provider, lowerName))
      continue;
    text += `${names[index]}: ${values[index]}\r\n`;
  }
  for (const [name, value] of provider.headers) text += `${name}: ${value}\r\n`;
  if (provider.credential !== null) text += `${provider.credential.header}: ${provider.credential.value.reveal()}\r\n`;
  if (options.acceptEncoding !== null) text += `accept-encoding: ${options.acceptEncoding}\r\n`;
  text += `x-request-id: ${options.requestId}\r\n`;
  if (options.upgrade !== null) text += `connection: upgrade\r\nupgrade: ${options.upgrade}\r\n`;
  else if (bodyBytes === null) text += "transfer-encoding: chunked\r\n";
  else if (bodyBytes > 0 || head.method === "POST") text += `content-length: ${bodyBytes}\r\n`;
  return `${text}\r\n`;
}

function isConfigured(provider: Provider, lowerName: string): boolean {
  for (const [name] of provider.headers) if (name.toLowerCase() === lowerName) return true;
  return false;
}
