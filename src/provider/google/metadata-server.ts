/**
 * The metadata server of Compute Engine, Cloud Run and GKE (workload identity):
 * https://docs.cloud.google.com/compute/docs/access/authenticate-workloads#applications
 */
import type { GatewayError } from "../../errors.ts";
import { type AccessToken, type Environment, readVariable, tokenError } from "../token/access-token.ts";
import { fetchAnswer, type TokenServiceAnswer } from "../token/fetch-answer.ts";
import { readTokenAnswer } from "../token/read-token.ts";
import { GOOGLE } from "./credential-document.ts";

const DEFAULT_HOST = "169.254.169.254";
const PATH = "/computeMetadata/v1/instance/service-accounts/default/token";
const METADATA_SERVER = "the metadata server";
/** Where there is none the first packet is lost or refused: that must be known soon. */
const TIMEOUT_MS = 3_000;

/** A token of the service account that this machine or pod runs as. */
export async function fetchMetadataToken(env: Environment, scope: string, now: () => number): Promise<AccessToken> {
  if (readVariable(env, "NO_GCE_CHECK")?.toLowerCase() === "true") throw noneFound();
  const host = readVariable(env, "GCE_METADATA_HOST") ?? readVariable(env, "GCE_METADATA_IP") ?? DEFAULT_HOST;
  const origin = /^https?:\/\//.test(host) ? host.replace(/\/+$/, "") : `http://${host}`;
  let answer: TokenServiceAnswer;
  try {
    answer = await fetchAnswer(`${origin}${PATH}?scopes=${encodeURIComponent(scope)}`, {
      whose: GOOGLE,
      what: METADATA_SERVER,
      headers: { "metadata-flavor": "Google" },
      timeoutMs: TIMEOUT_MS,
      isLocal: true,
    });
  } catch (error) {
    // Nobody answers: this is none of Google's machines, and it was the last place to look.
    throw noneFound(error);
  }
  // Anything else at that address (another cloud's service, a captive portal) does not say so.
  if (answer.header("metadata-flavor") !== "Google") throw noneFound();
  if (answer.status === 404) throw tokenError(GOOGLE, "this machine or pod has no service account.");
  return readTokenAnswer(answer, { whose: GOOGLE, what: METADATA_SERVER, nowMs: now() });
}

function noneFound(cause?: unknown): GatewayError {
  return tokenError(
    GOOGLE,
    "none found. Looked for api_key, GOOGLE_APPLICATION_CREDENTIALS, gcloud's application_default_credentials.json and the metadata server.",
    cause,
  );
}
