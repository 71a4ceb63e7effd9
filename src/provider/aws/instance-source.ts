/**
 * The instance metadata service of EC2, version 2 only (a token first, then everything with it):
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
 */
import { type Environment, readVariable } from "../token/access-token.ts";
import { fetchAnswer } from "../token/fetch-answer.ts";
import {
  AWS,
  type AwsCredentials,
  type CredentialSource,
  credentialError,
  readCredentialDocument,
} from "./credentials.ts";

const METADATA_SERVICE = "the instance metadata service";
const ROLES_PATH = "/latest/meta-data/iam/security-credentials/";
/** Where there is no such service the first packet is lost or refused: that must be known soon. */
const TOKEN_TIMEOUT_MS = 1_000;
const TIMEOUT_MS = 5_000;
const TOKEN_SECONDS = 60;

/** Credentials of the instance's own role; null outside EC2. */
export function instanceSource(env: Environment): CredentialSource {
  return async () => {
    if (readVariable(env, "AWS_EC2_METADATA_DISABLED")?.toLowerCase() === "true") return null;
    const origin = originOf(env);
    let token: string;
    try {
      token = await fetchToken(origin);
    } catch {
      return null; // nobody answers: this is no EC2 instance, or it hides the service; the chain's end says what was tried
    }
    return fetchRoleCredentials(origin, token);
  };
}

function originOf(env: Environment): string {
  const configured = readVariable(env, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (configured !== null) return configured.replace(/\/+$/, "");
  const isIpv6 = readVariable(env, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.toLowerCase() === "ipv6";
  return isIpv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

async function fetchToken(origin: string): Promise<string> {
  const { status, text } = await fetchAnswer(`${origin}/latest/api/token`, {
    whose: AWS,
    what: METADATA_SERVICE,
    method: "PUT",
    headers: { accept: "*/*", "x-aws-ec2-metadata-token-ttl-seconds": String(TOKEN_SECONDS) },
    timeoutMs: TOKEN_TIMEOUT_MS,
    isLocal: true,
  });
  if (status !== 200 || text === "") throw credentialError(`${METADATA_SERVICE} gave no token, but ${status}.`);
  return text;
}

async function fetchRoleCredentials(origin: string, token: string): Promise<AwsCredentials> {
  const ask = async (path: string): Promise<string> => {
    const { status, text } = await fetchAnswer(`${origin}${path}`, {
      whose: AWS,
      what: METADATA_SERVICE,
      headers: { accept: "*/*", "x-aws-ec2-metadata-token": token },
      timeoutMs: TIMEOUT_MS,
      isLocal: true,
    });
    if (status === 404) throw credentialError("this EC2 instance has no IAM role.");
    if (status !== 200) {
      throw credentialError(`${METADATA_SERVICE} answered with status ${status}, expected 200.`);
    }
    return text;
  };
  const role = (await ask(ROLES_PATH)).split("\n", 1)[0]?.trim() ?? "";
  if (role === "") throw credentialError("this EC2 instance has no IAM role.");
  return readCredentialDocument(await ask(`${ROLES_PATH}${encodeURIComponent(role)}`), METADATA_SERVICE);
}
