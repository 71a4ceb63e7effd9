/**
 * The credentials endpoint of ECS tasks, EKS pod identities and Greengrass:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
import { type Environment, readVariable } from "../token/access-token.ts";
import { fetchAnswer } from "../token/fetch-answer.ts";
import { readSmallFile } from "../token/read-small-file.ts";
import { AWS, type CredentialSource, credentialError, readCredentialDocument } from "./credentials.ts";

/** The URL parser writes every IPv4 address in four decimal parts. */
const LOOPBACK = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

const ECS_ORIGIN = "http://169.254.170.2";
/** ECS and EKS, and EKS by IPv6: the only addresses beside loopback that may be asked without TLS. */
const PLAIN_HTTP_HOSTS: ReadonlySet<string> = new Set(["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]);
const TIMEOUT_MS = 5_000;

/** Credentials of the container's own role. */
export function containerSource(env: Environment): CredentialSource {
  return async () => {
    const relative = readVariable(env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const full = readVariable(env, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative === null && full === null) return null;
    const url = relative === null ? checkFullUri(full ?? "") : `${ECS_ORIGIN}${relative}`;
    const token = await readAuthorizationToken(env);
    const { status, text } = await fetchAnswer(url, {
      whose: AWS,
      what: "the container credentials endpoint",
      headers: token === null ? {} : { authorization: token },
      timeoutMs: TIMEOUT_MS,
      isLocal: true,
    });
    if (status !== 200) {
      throw credentialError(`the container credentials endpoint answered with status ${status}, expected 200.`);
    }
    return readCredentialDocument(text, "the container credentials endpoint");
  };
}

function checkFullUri(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    // Not the value itself in the message: it may hold a secret.
    throw credentialError("AWS_CONTAINER_CREDENTIALS_FULL_URI should be a URL.", error);
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isLoopback = host === "localhost" || host === "::1" || LOOPBACK.test(host);
  if (url.protocol === "https:" || (url.protocol === "http:" && (isLoopback || PLAIN_HTTP_HOSTS.has(host)))) {
    return url.href;
  }
  throw credentialError(
    `AWS_CONTAINER_CREDENTIALS_FULL_URI should have https, or http to loopback or the ECS and EKS addresses, got ${url.protocol}//${host}.`,
  );
}

async function readAuthorizationToken(env: Environment): Promise<string | null> {
  const file = readVariable(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  // Read each time: the kubelet replaces it.
  const token =
    file === null
      ? readVariable(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN")
      : ((await readSmallFile(AWS, "the container authorization token file", file))?.trim() ?? null);
  if (file !== null && token === null) {
    throw credentialError(`the container authorization token file ${file} is not there.`);
  }
  if (token !== null && /[\r\n]/.test(token)) {
    throw credentialError("the container authorization token should be one line.");
  }
  return token;
}
