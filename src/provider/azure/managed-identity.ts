import type { GatewayError } from "../../errors.ts";
import { type AccessToken, type Environment, readVariable, tokenError } from "../token/access-token.ts";
import { checkTokenUrl, fetchAnswer, type TokenServiceAnswer } from "../token/fetch-answer.ts";
import { readTokenAnswer } from "../token/read-token.ts";
import { AZURE } from "./authorizer.ts";

const IMDS = "http://169.254.169.254";
const IMDS_PATH = "/metadata/identity/oauth2/token";
/** https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#get-a-token-using-http */
const IMDS_VERSION = "2018-02-01";
/** https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference */
const APP_SERVICE_VERSION = "2019-08-01";
const METADATA_SERVICE = "the instance metadata service";
const IDENTITY_ENDPOINT = "the identity endpoint";
/** Outside Azure the first packet is lost or refused: that must be known soon. */
const TIMEOUT_MS = 3_000;

/**
 * A token of the identity that this machine, pod or app runs as: App Service, Functions and Container Apps name an endpoint of
 * their own, everything else has the instance metadata service. `clientId` chooses a user-assigned identity.
 */
export async function fetchManagedIdentityToken(
  resource: string,
  clientId: string | null,
  env: Environment,
  now: () => number,
): Promise<AccessToken> {
  const endpoint = readVariable(env, "IDENTITY_ENDPOINT");
  const secret = readVariable(env, "IDENTITY_HEADER");
  const query = (version: string): string =>
    new URLSearchParams({
      "api-version": version,
      resource,
      ...(clientId === null ? {} : { client_id: clientId }),
    }).toString();
  if (endpoint !== null && secret !== null) {
    const url = checkTokenUrl(AZURE, "IDENTITY_ENDPOINT", endpoint, true);
    const answer = await fetchAnswer(`${url}?${query(APP_SERVICE_VERSION)}`, {
      whose: AZURE,
      what: IDENTITY_ENDPOINT,
      headers: { "x-identity-header": secret },
      isLocal: true,
    });
    return readTokenAnswer(answer, { whose: AZURE, what: IDENTITY_ENDPOINT, nowMs: now() });
  }
  const origin = (readVariable(env, "AZURE_POD_IDENTITY_AUTHORITY_HOST") ?? IMDS).replace(/\/+$/, "");
  let answer: TokenServiceAnswer;
  try {
    answer = await fetchAnswer(`${origin}${IMDS_PATH}?${query(IMDS_VERSION)}`, {
      whose: AZURE,
      what: METADATA_SERVICE,
      headers: { metadata: "true" },
      timeoutMs: TIMEOUT_MS,
      isLocal: true,
    });
  } catch (error) {
    // Nobody answers: this is none of Azure's machines, and it was the last place to look.
    throw noneFound(error);
  }
  return readTokenAnswer(answer, { whose: AZURE, what: METADATA_SERVICE, nowMs: now() });
}

function noneFound(cause: unknown): GatewayError {
  return tokenError(
    AZURE,
    "none found. Looked for api_key, AZURE_CLIENT_SECRET, AZURE_FEDERATED_TOKEN_FILE, IDENTITY_ENDPOINT and the instance metadata service.",
    cause,
  );
}
