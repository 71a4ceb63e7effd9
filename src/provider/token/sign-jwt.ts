import { createPrivateKey, createPublicKey, createHash, type KeyObject, sign } from "node:crypto";
import type { Secret } from "../../lib/secret.ts";
import { tokenError } from "./access-token.ts";

/** An RSA private key (PEM, unencrypted). Throws GatewayError `upstream_error` for anything else. */
export function readPrivateKey(whose: string, what: string, pem: Secret): KeyObject {
  try {
    const key = createPrivateKey(pem.reveal());
    if (key.asymmetricKeyType === "rsa") return key;
  } catch {
    // OpenSSL's reason may quote the text; ours says what was expected.
  }
  throw tokenError(whose, `${what} should be an unencrypted RSA private key in PEM, got something else.`);
}

/** A JWT signed with RS256 (RFC 7515, RFC 7518 section 3.3). */
export function signJwt(
  key: KeyObject,
  claims: Readonly<Record<string, string | number>>,
  header: Readonly<Record<string, string>> = {},
): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part), "utf8").toString("base64url");
  const text = `${encode({ alg: "RS256", typ: "JWT", ...header })}.${encode(claims)}`;
  return `${text}.${sign("sha256", Buffer.from(text, "ascii"), key).toString("base64url")}`;
}

/** SHA-256 of the public half (SubjectPublicKeyInfo, DER), in base64: how a service names a registered key. */
export function fingerprintOf(key: KeyObject): string {
  const der = createPublicKey(key).export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("base64");
}
