import { tokenError } from "./access-token.ts";

/** Everything token services answer is a few kilobytes. */
const MAX_ANSWER_BYTES = 64 * 1024;
const TIMEOUT_MS = 10_000;

export type FetchAnswerOptions = {
  /** The cloud, and the service within it: for errors. */
  readonly whose: string;
  readonly what: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A POST of a form, or of JSON; a GET without either, unless it is said to be a PUT. */
  readonly form?: Readonly<Record<string, string>> | URLSearchParams;
  readonly json?: unknown;
  readonly method?: "PUT";
  readonly timeoutMs?: number;
  /** Metadata services live on the host: no proxy of the environment's leads there. */
  readonly isLocal?: boolean;
};

export type TokenServiceAnswer = {
  readonly status: number;
  readonly text: string;
  readonly header: (name: string) => string | null;
};

/** One small request off the data path. Throws GatewayError `upstream_error` when nothing came in time. */
export async function fetchAnswer(url: string, options: FetchAnswerOptions): Promise<TokenServiceAnswer> {
  const { whose, what, headers = {}, form, json, method, timeoutMs = TIMEOUT_MS, isLocal = false } = options;
  const body =
    form === undefined ? (json === undefined ? undefined : JSON.stringify(json)) : new URLSearchParams(form).toString();
  const contentType = form === undefined ? "application/json" : "application/x-www-form-urlencoded";
  try {
    const response = await fetch(url, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        accept: "application/json",
        ...headers,
        ...(body === undefined ? {} : { "content-type": contentType }),
      },
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body }),
      ...(isLocal ? { proxy: false as const } : {}),
    });
    const text = await readBounded(response);
    return { status: response.status, text, header: (name) => response.headers.get(name) };
  } catch (error) {
    // Refused, unknown host, timed out, or longer than it may be: the cause is for the log.
    throw tokenError(whose, `${what} could not be reached.`, error);
  }
}

/** A URL that secrets may be sent to: https, or http within this host (and, for metadata services, its link). Throws GatewayError `upstream_error`. */
export function checkTokenUrl(whose: string, what: string, text: string, mayBeLinkLocal = false): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Not the value itself in the message: it may hold a secret.
    throw tokenError(whose, `${what} should be a URL.`);
  }
  const { protocol, hostname } = url;
  const isLoopback = hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  const isLinkLocal =
    mayBeLinkLocal && (/^169\.254\.\d+\.\d+$/.test(hostname) || hostname === "metadata.google.internal");
  if (protocol === "https:" || (protocol === "http:" && (isLoopback || isLinkLocal))) return url.href;
  throw tokenError(whose, `${what} should be a URL with https, got ${protocol}//${hostname}.`);
}

async function readBounded(response: Response): Promise<string> {
  if (response.body === null) return "";
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body) {
    length += piece.length;
    if (length > MAX_ANSWER_BYTES) throw new RangeError(`expected at most ${MAX_ANSWER_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
