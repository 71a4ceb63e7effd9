import { type Environment, readVariable } from "../token/access-token.ts";
import { readTokenFile } from "../token/read-small-file.ts";
import { AWS, type CredentialSource } from "./credentials.ts";
import type { TokenService } from "./sts.ts";

export const DEFAULT_SESSION_NAME = "llmux";

/**
 * IRSA and other OIDC identities: a token in a file, exchanged for a role's credentials.
 * https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
 */
export function webIdentitySource(env: Environment, tokenService: TokenService): CredentialSource {
  return async () => {
    const tokenFile = readVariable(env, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const roleArn = readVariable(env, "AWS_ROLE_ARN");
    if (tokenFile === null || roleArn === null) return null;
    const sessionName = readVariable(env, "AWS_ROLE_SESSION_NAME") ?? DEFAULT_SESSION_NAME;
    return tokenService.assumeRoleWithWebIdentity(
      { roleArn, sessionName, externalId: null, durationSeconds: null },
      // Read each time: the kubelet replaces it.
      await readIdentityToken(tokenFile),
    );
  };
}

/** The token in a mounted file. */
export function readIdentityToken(path: string): Promise<string> {
  return readTokenFile(AWS, "the web identity token file", path);
}
