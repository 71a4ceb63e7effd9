import type { Authorizer, AuthHeaders, UnsignedRequest } from "../../exchange.ts";
import type { Secret } from "../../lib/secret.ts";
import type { AuthorizerInput } from "../define.ts";
import { credentialChain } from "./credential-chain.ts";
import { CredentialCache } from "./credential-cache.ts";
import { type AwsCredentials, credentialError, readApiKey, readVariable } from "./credentials.ts";
import { RequestSigner } from "./sigv4.ts";

export type AwsAuthorizerOptions = {
  /** The signing name: "bedrock". */
  readonly service: string;
  /** Environment variable of a bearer key, which wins over everything else there; null where the service has none. */
  readonly bearerEnv: string | null;
};

/**
 * Proves requests to an AWS service: with the bearer key where there is one, or else with a signature by the keys of `api_key` or by
 * what the surroundings give. With an `api_key` that is neither, or without a region, every request fails with GatewayError
 * `upstream_error`.
 */
export function makeAwsAuthorizer(input: AuthorizerInput, options: AwsAuthorizerOptions): Authorizer {
  return deferFailure(() => chooseProof(input, options));
}

/** What cannot work fails the requests that need it, not the config with all other providers in it. */
export function deferFailure(make: () => Authorizer): Authorizer {
  try {
    return make();
  } catch (error) {
    // It says what was expected; each request that needs the credential tells it again.
    return {
      authorize: () => {
        throw error;
      },
      invalidate: () => {},
    };
  }
}

function chooseProof(input: AuthorizerInput, { service, bearerEnv }: AwsAuthorizerOptions): Authorizer {
  const bearer = bearerEnv === null ? null : readVariable(input.env, bearerEnv);
  const given = input.apiKey === null ? null : readApiKey(input.apiKey);
  if (given?.kind === "bearer") return bearerAuthorizer(given.key);
  if (given === null && bearer !== null) return bearerAuthorizer({ reveal: () => bearer });
  const signer = new RequestSigner(service, requireRegion(input));
  return credentialsAuthorizer(openCredentials(input), (request, credentials) =>
    signer.sign(request, credentials, input.now()),
  );
}

/** The credentials of `api_key`, or of the surroundings. */
export function openCredentials(input: AuthorizerInput): CredentialCache {
  if (input.apiKey === null)
    return new CredentialCache(credentialChain(requireRegion(input), input.env, input.now), input.now);
  const given = readApiKey(input.apiKey);
  if (given.kind === "bearer") {
    throw credentialError(
      "expected ACCESS_KEY_ID:SECRET_ACCESS_KEY with an optional :SESSION_TOKEN behind it, got a key without a colon.",
    );
  }
  return new CredentialCache(async () => given.credentials, input.now);
}

/** Asks the cache, and has the answer made of what it gives: at once where it can. */
export function credentialsAuthorizer(
  cache: CredentialCache,
  prove: (request: UnsignedRequest, credentials: AwsCredentials) => AuthHeaders,
): Authorizer {
  return {
    authorize: (request) => {
      const credentials = cache.get();
      return credentials instanceof Promise
        ? credentials.then((fetched) => prove(request, fetched))
        : prove(request, credentials);
    },
    invalidate: () => cache.invalidate(),
  };
}

/** A key that goes along as it is. */
export function bearerAuthorizer(key: Pick<Secret, "reveal">): Authorizer {
  return {
    authorize: () => [["authorization", `Bearer ${key.reveal()}`]],
    // It is what the config says: nothing newer can be fetched.
    invalidate: () => {},
  };
}

export function requireRegion(input: AuthorizerInput): string {
  const region = input.settings.region;
  if (region === undefined || region === "") {
    throw credentialError('expected a region such as "eu-central-1" in the config or in AWS_REGION, got none.');
  }
  return region;
}
