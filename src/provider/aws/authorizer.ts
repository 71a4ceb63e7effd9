import type { Authorizer, AuthHeaders, UnsignedRequest } from "../../exchange.ts";
import { Secret } from "../../lib/secret.ts";
import type { AuthorizerInput } from "../define.ts";
import { readVariable } from "../token/access-token.ts";
import { keyAuthorizer } from "../token/bearer-authorizer.ts";
import { RenewingCache } from "../token/renewing-cache.ts";
import { findCredentials } from "./credential-chain.ts";
import { AWS, type AwsCredentials, credentialError, readApiKey } from "./credentials.ts";
import { RequestSigner } from "./sigv4.ts";

/** AWS gives new ones from five minutes before: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html */
const RENEW_BEFORE_MS = 5 * 60_000;

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
  if (given === null && bearer !== null) return bearerAuthorizer(new Secret(bearer));
  const signer = new RequestSigner(service, requireRegion(input));
  return credentialsAuthorizer(openCredentials(input), (request, credentials) =>
    signer.sign(request, credentials, input.now()),
  );
}

/** The credentials of `api_key`, or of the surroundings. */
export function openCredentials(input: AuthorizerInput): RenewingCache<AwsCredentials> {
  const options = { whose: AWS, now: input.now, renewBeforeMs: RENEW_BEFORE_MS };
  if (input.apiKey === null) {
    return new RenewingCache(findCredentials(requireRegion(input), input.env, input.now), options);
  }
  const given = readApiKey(input.apiKey);
  if (given.kind === "bearer") {
    throw credentialError(
      "expected ACCESS_KEY_ID:SECRET_ACCESS_KEY with an optional :SESSION_TOKEN behind it, got a key without a colon.",
    );
  }
  return new RenewingCache(async () => given.credentials, options);
}

/** Asks the cache, and has the answer made of what it gives: at once where it can. */
export function credentialsAuthorizer(
  cache: RenewingCache<AwsCredentials>,
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
export function bearerAuthorizer(key: Secret): Authorizer {
  return keyAuthorizer(AWS, "authorization", "Bearer", key);
}

export function requireRegion(input: AuthorizerInput): string {
  const region = input.settings.region;
  if (region === undefined || region === "") {
    throw credentialError('expected a region such as "eu-central-1" in the config or in AWS_REGION, got none.');
  }
  return region;
}
