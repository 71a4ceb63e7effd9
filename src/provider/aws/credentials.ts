import type { GatewayError } from "../../errors.ts";
import { asObject, asString, parseObject } from "../../lib/json.ts";
import { Secret } from "../../lib/secret.ts";
import { tokenError } from "../token/access-token.ts";

export const AWS = "AWS";

/** What AWS requests are signed with. */
export type AwsCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret | null;
  /** Milliseconds since 1970; null: they do not expire. */
  readonly expiresAtMs: number | null;
};

/** Where credentials come from; null where this source is not set up here. Throws GatewayError `upstream_error` where it is and fails. */
export type CredentialSource = () => Promise<AwsCredentials | null>;

/** The one error of this folder: AWS credentials could not be had. The message names sources and settings, never their values. */
export function credentialError(message: string, cause?: unknown): GatewayError {
  return tokenError(AWS, message, cause);
}

/** Keys that were given as they are. */
export function makeStaticCredentials(
  accessKeyId: string,
  secretAccessKey: string,
  sessionToken: string | null,
): AwsCredentials {
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: sessionToken === null ? null : new Secret(sessionToken),
    expiresAtMs: null,
  };
}

/** What an `api_key` says: keys as "ACCESS_KEY_ID:SECRET[:SESSION_TOKEN]", or a bearer key, which has no colon. */
export function readApiKey(
  apiKey: Secret,
): { readonly kind: "keys"; readonly credentials: AwsCredentials } | { readonly kind: "bearer"; readonly key: Secret } {
  const text = apiKey.reveal().trim();
  const first = text.indexOf(":");
  if (first === -1) return { kind: "bearer", key: new Secret(text) };
  const second = text.indexOf(":", first + 1);
  const accessKeyId = text.slice(0, first);
  const secret = second === -1 ? text.slice(first + 1) : text.slice(first + 1, second);
  const token = second === -1 ? null : text.slice(second + 1);
  if (!/^\w{4,128}$/.test(accessKeyId) || secret === "" || token === "") {
    throw credentialError(
      "expected an API key, or ACCESS_KEY_ID:SECRET_ACCESS_KEY with an optional :SESSION_TOKEN behind it, got something else with a colon in it.",
    );
  }
  return { kind: "keys", credentials: makeStaticCredentials(accessKeyId, secret, token) };
}

/**
 * The JSON that the container endpoint and the instance metadata service answer with:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export function readCredentialDocument(text: string, from: string): AwsCredentials {
  const document = asObject(parseObject(text));
  const accessKeyId = asString(document?.["AccessKeyId"]);
  const secret = asString(document?.["SecretAccessKey"]);
  if (accessKeyId === null || secret === null) {
    const code = asString(document?.["Code"]);
    throw credentialError(
      `${from} answered without AccessKeyId and SecretAccessKey${code === null ? "" : ` (its code is ${JSON.stringify(code.slice(0, 64))})`}.`,
    );
  }
  const expiration = asString(document?.["Expiration"]);
  return {
    ...makeStaticCredentials(accessKeyId, secret, asString(document?.["Token"])),
    expiresAtMs: expiration === null ? null : readTime(expiration, from),
  };
}

/** Milliseconds of an ISO 8601 time. */
export function readTime(text: string, from: string): number {
  const timeMs = Date.parse(text);
  if (Number.isNaN(timeMs)) throw credentialError(`${from} named an expiry that is no time.`);
  return timeMs;
}
