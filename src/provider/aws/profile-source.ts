import { type Environment, readVariable } from "../token/access-token.ts";
import { type AwsCredentials, type CredentialSource, credentialError, makeStaticCredentials } from "./credentials.ts";
import { type Profile, readProfiles } from "./shared-config.ts";
import type { AssumedRole, TokenService } from "./sts.ts";
import { DEFAULT_SESSION_NAME, readIdentityToken } from "./web-identity-source.ts";

/** A role that is assumed by a role that is assumed …: further than anybody goes. */
const MAX_ROLES = 5;

/** What a profile's `credential_source` may name. */
export type NamedSources = Readonly<Record<"Environment" | "Ec2InstanceMetadata" | "EcsContainer", CredentialSource>>;

/**
 * Credentials of the profile that AWS_PROFILE names, or of "default": keys, a role with `source_profile` or `credential_source`, or a
 * web identity. https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
 */
export function profileSource(env: Environment, tokenService: TokenService, named: NamedSources): CredentialSource {
  return async () => {
    const wanted = readVariable(env, "AWS_PROFILE") ?? readVariable(env, "AWS_DEFAULT_PROFILE");
    const profiles = await readProfiles(env);
    const name = wanted ?? "default";
    if (profiles.has(name)) return resolveProfile(name, { profiles, tokenService, named }, []);
    if (wanted === null) return null;
    throw credentialError(`the profile ${JSON.stringify(wanted)} of AWS_PROFILE is in none of AWS's config files.`);
  };
}

type Resolution = {
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly tokenService: TokenService;
  readonly named: NamedSources;
};

/** `path`: the profiles that led here, in order. */
async function resolveProfile(
  name: string,
  resolution: Resolution,
  path: readonly string[],
): Promise<AwsCredentials | null> {
  const { profiles, tokenService } = resolution;
  const profile = profiles.get(name);
  const where = `the profile ${JSON.stringify(name)}`;
  if (profile === undefined) throw credentialError(`${where} is a source_profile, but in none of AWS's config files.`);
  const keys = keysOf(profile);
  const roleArn = profile.get("role_arn");
  // A profile may be its own source: then its keys are meant.
  if (roleArn === undefined || path.at(-1) === name) {
    if (keys !== null) return keys;
    for (const setting of ["credential_process", "sso_session", "sso_start_url", "login_session"]) {
      if (profile.has(setting)) {
        throw credentialError(`${where} uses ${setting}, which is not supported here: give keys or a role.`);
      }
    }
    if (path.length > 0) throw credentialError(`${where} is a source_profile, but has no credentials.`);
    return null;
  }
  if (path.length >= MAX_ROLES || path.includes(name)) {
    throw credentialError(`the profiles ${[...path, name].join(" → ")} lead in a circle, or too far.`);
  }
  if (profile.has("mfa_serial")) throw credentialError(`${where} asks for an MFA code, which nobody can type here.`);
  const role: AssumedRole = {
    roleArn,
    sessionName: profile.get("role_session_name") ?? DEFAULT_SESSION_NAME,
    externalId: profile.get("external_id") ?? null,
    durationSeconds: durationOf(profile, where),
  };
  const tokenFile = profile.get("web_identity_token_file");
  if (tokenFile !== undefined) return tokenService.assumeRoleWithWebIdentity(role, await readIdentityToken(tokenFile));
  return tokenService.assumeRole(role, await sourceOf(name, profile, resolution, path));
}

async function sourceOf(
  name: string,
  profile: Profile,
  resolution: Resolution,
  path: readonly string[],
): Promise<AwsCredentials> {
  const where = `the profile ${JSON.stringify(name)}`;
  const sourceProfile = profile.get("source_profile");
  const credentialSource = profile.get("credential_source");
  if (sourceProfile !== undefined) {
    const found = await resolveProfile(sourceProfile, resolution, [...path, name]);
    if (found !== null) return found;
    throw credentialError(`the profile ${JSON.stringify(sourceProfile)} has no credentials for ${where}.`);
  }
  if (credentialSource === undefined) {
    throw credentialError(`${where} has role_arn, so it should have source_profile or credential_source, too.`);
  }
  const source = resolution.named[credentialSource as keyof NamedSources] as CredentialSource | undefined;
  if (source === undefined) {
    throw credentialError(
      `${where}: credential_source should be Environment, Ec2InstanceMetadata or EcsContainer, got ${JSON.stringify(credentialSource)}.`,
    );
  }
  const found = await source();
  if (found !== null) return found;
  throw credentialError(`${where}: its credential_source ${credentialSource} has no credentials here.`);
}

function keysOf(profile: Profile): AwsCredentials | null {
  const accessKeyId = profile.get("aws_access_key_id");
  const secret = profile.get("aws_secret_access_key");
  if (accessKeyId === undefined || secret === undefined) return null;
  return makeStaticCredentials(accessKeyId, secret, profile.get("aws_session_token") ?? null);
}

function durationOf(profile: Profile, where: string): number | null {
  const text = profile.get("duration_seconds");
  if (text === undefined) return null;
  if (/^\d{3,5}$/.test(text)) return Number(text);
  throw credentialError(`${where}: duration_seconds should be a number of 900 to 43200, got ${JSON.stringify(text)}.`);
}
