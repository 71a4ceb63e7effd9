/**
 * SageMaker's OpenAI-compatible paths take a bearer token and no signature. The token is made here, without a request: a presigned
 * `CallWithBearerToken`, in base64. https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-openai-compatible.html
 * (its form: aws/sagemaker-python-sdk, sagemaker/core/token_generator)
 */
import type { Authorizer } from "../../exchange.ts";
import type { AuthorizerInput } from "../define.ts";
import { bearerAuthorizer, credentialsAuthorizer, deferFailure, openCredentials, requireRegion } from "./authorizer.ts";
import { type AwsCredentials, readApiKey } from "./credentials.ts";
import { RequestSigner } from "./sigv4.ts";

const HOST = "sagemaker.amazonaws.com";
const PREFIX = "sagemaker-api-key-";
/** Short, as the documentation advises; a new one costs a few HMACs. */
const LIFETIME_SECONDS = 15 * 60;
const REUSE_MS = 5 * 60_000;

/** Bearer tokens of the credentials of `api_key` or of the surroundings; a token given as `api_key` goes along as it is. */
export function makeSagemakerAuthorizer(input: AuthorizerInput): Authorizer {
  return deferFailure(() => chooseToken(input));
}

function chooseToken(input: AuthorizerInput): Authorizer {
  const given = input.apiKey === null ? null : readApiKey(input.apiKey);
  if (given?.kind === "bearer") return bearerAuthorizer(given.key);
  const signer = new RequestSigner("sagemaker", requireRegion(input));
  let last: { readonly credentials: AwsCredentials; readonly madeAtMs: number; readonly header: string } | null = null;
  return credentialsAuthorizer(openCredentials(input), (_request, credentials) => {
    const nowMs = input.now();
    if (last === null || last.credentials !== credentials || nowMs - last.madeAtMs >= REUSE_MS) {
      last = { credentials, madeAtMs: nowMs, header: `Bearer ${makeSagemakerToken(signer, credentials, nowMs)}` };
    }
    return [["authorization", last.header]];
  });
}

/** One token, good for a quarter of an hour or until its credentials expire. */
export function makeSagemakerToken(signer: RequestSigner, credentials: AwsCredentials, nowMs: number): string {
  const query = signer.presign(
    { method: "POST", path: "/", hostHeader: HOST, query: "Action=CallWithBearerToken" },
    credentials,
    nowMs,
    LIFETIME_SECONDS,
  );
  return PREFIX + Buffer.from(`${HOST}/?${query}&Version=1`, "utf8").toString("base64");
}
