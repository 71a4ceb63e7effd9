/**
 * AWS Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 *   canonical request → its SHA-256 → text to sign → HMAC by a key derived from secret, day, region and service
 *
 * The canonical path is that of every service but S3: dot segments removed, then each segment percent-encoded once more, although
 * what is on the wire is encoded already. A model's "v1:0" travels as "v1%3A0" and is signed as "v1%253A0".
 */
import { createHash, createHmac } from "node:crypto";
import type { AuthHeaders, UnsignedRequest } from "../../exchange.ts";
import type { AwsCredentials } from "./credentials.ts";

const ALGORITHM = "AWS4-HMAC-SHA256";
const EMPTY = new Uint8Array(0);

/** Signs for one service in one region. Keeps the key it derived last: it is the same for a whole day. */
export class RequestSigner {
  readonly #service: string;
  readonly #region: string;
  #derived: { readonly credentials: AwsCredentials; readonly day: string; readonly key: Buffer } | null = null;

  constructor(service: string, region: string) {
    this.#service = service;
    this.#region = region;
  }

  /** The header lines that prove a request: date, payload hash, session token and `authorization`. */
  sign(request: UnsignedRequest, credentials: AwsCredentials, nowMs: number): AuthHeaders {
    const payloadHash = sha256Hex(request.body ?? EMPTY);
    const headers: [string, string][] = [
      ["x-amz-content-sha256", payloadHash],
      ["x-amz-date", formatAmzDate(nowMs)],
    ];
    if (credentials.sessionToken !== null) headers.push(["x-amz-security-token", credentials.sessionToken.reveal()]);
    return [...headers, ["authorization", this.authorization(request, headers, payloadHash, credentials, nowMs)]];
  }

  /** The Authorization header over `host` and exactly these other headers. */
  authorization(
    request: UnsignedRequest,
    headers: AuthHeaders,
    payloadHash: string,
    credentials: AwsCredentials,
    nowMs: number,
  ): string {
    const signed = [["host", request.hostHeader] as const, ...headers]
      .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/\s+/g, " ")] as const)
      .toSorted(([first], [second]) => compareBytes(first, second));
    const names = signed.map(([name]) => name).join(";");
    const question = request.path.indexOf("?");
    const canonical = [
      request.method,
      canonicalPath(question === -1 ? request.path : request.path.slice(0, question)),
      canonicalQuery(question === -1 ? "" : request.path.slice(question + 1)),
      ...signed.map(([name, value]) => `${name}:${value}`),
      "",
      names,
      payloadHash,
    ].join("\n");
    const scope = this.#scope(nowMs);
    const signature = this.#signature(canonical, scope, credentials, nowMs);
    return `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  }

  /** A query that carries the whole proof, for a request of these parameters and no header but `host`. */
  presign(
    request: {
      readonly method: string;
      readonly path: string;
      readonly hostHeader: string;
      readonly query: string;
      /** Of an empty body, where it is left out; S3 wants the words UNSIGNED-PAYLOAD. */
      readonly payloadHash?: string;
    },
    credentials: AwsCredentials,
    nowMs: number,
    lifetimeSeconds: number,
  ): string {
    const scope = this.#scope(nowMs);
    const parameters = [
      ...(request.query === "" ? [] : [request.query]),
      `X-Amz-Algorithm=${ALGORITHM}`,
      `X-Amz-Credential=${encodeSegment(`${credentials.accessKeyId}/${scope}`)}`,
      `X-Amz-Date=${formatAmzDate(nowMs)}`,
      `X-Amz-Expires=${lifetimeSeconds}`,
      "X-Amz-SignedHeaders=host",
      ...(credentials.sessionToken === null
        ? []
        : [`X-Amz-Security-Token=${encodeSegment(credentials.sessionToken.reveal())}`]),
    ].join("&");
    const canonical = [
      request.method,
      canonicalPath(request.path),
      canonicalQuery(parameters),
      `host:${request.hostHeader}`,
      "",
      "host",
      request.payloadHash ?? sha256Hex(EMPTY),
    ].join("\n");
    return `${parameters}&X-Amz-Signature=${this.#signature(canonical, scope, credentials, nowMs)}`;
  }

  #scope(nowMs: number): string {
    return `${formatAmzDate(nowMs).slice(0, 8)}/${this.#region}/${this.#service}/aws4_request`;
  }

  #signature(canonical: string, scope: string, credentials: AwsCredentials, nowMs: number): string {
    const date = formatAmzDate(nowMs);
    const text = `${ALGORITHM}\n${date}\n${scope}\n${sha256Hex(canonical)}`;
    return createHmac("sha256", this.#keyOf(credentials, date.slice(0, 8)))
      .update(text)
      .digest("hex");
  }

  #keyOf(credentials: AwsCredentials, day: string): Buffer {
    const known = this.#derived;
    if (known !== null && known.credentials === credentials && known.day === day) return known.key;
    const key = deriveSigningKey(credentials, day, this.#region, this.#service);
    this.#derived = { credentials, day, key };
    return key;
  }
}

/** The key of one day, region and service. */
export function deriveSigningKey(credentials: AwsCredentials, day: string, region: string, service: string): Buffer {
  const ofDay = hmac(Buffer.from(`AWS4${credentials.secretAccessKey.reveal()}`, "utf8"), day);
  return hmac(hmac(hmac(ofDay, region), service), "aws4_request");
}

/** "20150830T123600Z" */
export function formatAmzDate(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, "");
}

/** The path as it is signed; `path` is what goes on the wire. */
export function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(encodeSegment(segment));
  }
  const isFolder = segments.length > 0 && /(?:\/|\/\.|\/\.\.)$/.test(path);
  return `/${segments.join("/")}${isFolder ? "/" : ""}`;
}

/** Parameters sorted by name, then value; each encoded once, however they came. */
export function canonicalQuery(query: string): string {
  if (query === "") return "";
  const pairs = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=");
      const [name, value] = equals === -1 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [encodeSegment(decodePercent(name)), encodeSegment(decodePercent(value))] as const;
    });
  return pairs
    .toSorted((one, other) => compareBytes(one[0], other[0]) || compareBytes(one[1], other[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** RFC 3986: everything but letters, digits, "-", ".", "_" and "~". */
function encodeSegment(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that is no escape stands for itself
  }
}

/** Both are ASCII, where UTF-16 order is byte order. */
function compareBytes(first: string, second: string): number {
  return first < second ? -1 : first > second ? 1 : 0;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text, "utf8").digest();
}

function sha256Hex(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
