import type { Authorizer, AuthHeaders } from "../../exchange.ts";
import type { Secret } from "../../lib/secret.ts";
import { type AccessToken, tokenError } from "./access-token.ts";
import { RenewingCache } from "./renewing-cache.ts";

/** What a header's value can hold of a key: visible ASCII, no spaces. */
const KEY = /^[\x21-\x7e]+$/;

/** `Authorization: Bearer` with tokens from a source, kept until they expire; `whose` names the cloud in errors. */
export function renewingAuthorizer(
  whose: string,
  fetchToken: () => Promise<AccessToken>,
  now: () => number,
): Authorizer {
  const cache = new RenewingCache(fetchToken, { whose, now });
  let last: { readonly token: AccessToken; readonly headers: AuthHeaders } | null = null;
  const headersOf = (token: AccessToken): AuthHeaders => {
    if (last?.token !== token) {
      last = { token, headers: [["authorization", `Bearer ${token.value.reveal()}`], ...(token.headers ?? [])] };
    }
    return last.headers;
  };
  return {
    authorize: () => {
      const token = cache.get();
      return token instanceof Promise ? token.then(headersOf) : headersOf(token);
    },
    invalidate: () => cache.invalidate(),
  };
}

/** A header with a key as it was given. Throws GatewayError `upstream_error` for one that no header can hold. */
export function keyAuthorizer(whose: string, header: string, scheme: string, key: Secret): Authorizer {
  const text = key.reveal().trim();
  if (!KEY.test(text)) {
    throw tokenError(whose, "expected a key of visible ASCII characters, got something else.");
  }
  const headers: AuthHeaders = [[header, scheme === "" ? text : `${scheme} ${text}`]];
  return {
    authorize: () => headers,
    // It is what the config says: nothing newer can be fetched.
    invalidate: () => {},
  };
}
