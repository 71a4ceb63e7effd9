import { type Environment, readVariable } from "../token/access-token.ts";
import { containerSource } from "./container-source.ts";
import { type AwsCredentials, type CredentialSource, credentialError, makeStaticCredentials } from "./credentials.ts";
import { instanceSource } from "./instance-source.ts";
import { profileSource } from "./profile-source.ts";
import { TokenService } from "./sts.ts";
import { webIdentitySource } from "./web-identity-source.ts";

/**
 * Where AWS credentials come from when none are configured, in the order of AWS's SDKs; the first source that is set up decides:
 * environment, web identity (IRSA), shared files, container (ECS, EKS pod identity), instance.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export function credentialChain(region: string, env: Environment, now: () => number): CredentialSource {
  const tokenService = new TokenService(region, env, now);
  const environment = environmentSource(env);
  const container = containerSource(env);
  const instance = instanceSource(env);
  const sources = [
    environment,
    webIdentitySource(env, tokenService),
    profileSource(env, tokenService, {
      Environment: environment,
      Ec2InstanceMetadata: instance,
      EcsContainer: container,
    }),
    container,
    instance,
  ];
  return async () => {
    for (const source of sources) {
      const found = await source();
      if (found !== null) return found;
    }
    return null;
  };
}

/** The same, where having none is an error. */
export function findCredentials(region: string, env: Environment, now: () => number): () => Promise<AwsCredentials> {
  const source = credentialChain(region, env, now);
  return async () => {
    const found = await source();
    if (found !== null) return found;
    throw credentialError(
      "none found. Looked for api_key, AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, AWS's config files, AWS_CONTAINER_CREDENTIALS_FULL_URI and the instance metadata service.",
    );
  };
}

function environmentSource(env: Environment): CredentialSource {
  return async () => {
    const accessKeyId = readVariable(env, "AWS_ACCESS_KEY_ID");
    const secret = readVariable(env, "AWS_SECRET_ACCESS_KEY");
    if (accessKeyId === null || secret === null) return null;
    return makeStaticCredentials(accessKeyId, secret, readVariable(env, "AWS_SESSION_TOKEN"));
  };
}
