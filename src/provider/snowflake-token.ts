/**
 * Snowflake's REST APIs take a programmatic access token, an OAuth token, or a JWT signed with a user's registered key:
 * https://docs.snowflake.com/en/developer-guide/snowflake-rest-api/authentication
 */
import type { Authorizer } from "../exchange.ts";
import { Secret } from "../lib/secret.ts";
import type { AuthorizerInput } from "./define.ts";
import { type AccessToken, readVariable, tokenError } from "./token/access-token.ts";
import { keyAuthorizer, renewingAuthorizer } from "./token/bearer-authorizer.ts";

const SNOWFLAKE = "Snowflake";
/** "The JWT is valid for at most one hour after the token is issued, even if you specify a longer expiration time." */
const LIFETIME_SECONDS = 3_600;

/**
 * A token as it is, whose kind Snowflake sees by itself; or, for a private key (PEM) as `api_key`, JWTs of the user that
 * SNOWFLAKE_USER names.
 */
export function makeSnowflakeAuthorizer({ apiKey, settings, env, now }: AuthorizerInput): Authorizer {
  if (apiKey === null) throw tokenError(SNOWFLAKE, "expected a token or a private key, got none.");
  if (!apiKey.reveal().includes("-----BEGIN")) {
    return keyAuthorizer(SNOWFLAKE, "authorization", "Bearer", apiKey);
  }
  const user = readVariable(env, "SNOWFLAKE_USER");
  if (user === null) {
    throw tokenError(
      SNOWFLAKE,
      "expected the private key's user in the environment variable SNOWFLAKE_USER, got none.",
    );
  }
  const account = settings.account ?? "";
  return renewingAuthorizer(SNOWFLAKE, () => makeToken(apiKey, account, user, now), now);
}

async function makeToken(pem: Secret, account: string, user: string, now: () => number): Promise<AccessToken> {
  const { fingerprintOf, readPrivateKey, signJwt } = await import("./token/sign-jwt.ts");
  const key = readPrivateKey(SNOWFLAKE, "api_key", pem);
  // Without the region that an account locator brings along, in capitals.
  const name = `${(account.split(".")[0] ?? "").toUpperCase()}.${user.toUpperCase()}`;
  const issuedAt = Math.floor(now() / 1_000);
  const claims = {
    iss: `${name}.SHA256:${fingerprintOf(key)}`,
    sub: name,
    iat: issuedAt,
    exp: issuedAt + LIFETIME_SECONDS,
  };
  return {
    value: new Secret(signJwt(key, claims)),
    expiresAtMs: claims.exp * 1_000,
    headers: [["x-snowflake-authorization-token-type", "KEYPAIR_JWT"]],
  };
}
