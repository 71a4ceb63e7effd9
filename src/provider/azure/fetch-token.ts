import { type AccessToken, type Environment, readVariable, tokenError } from "../token/access-token.ts";
import { checkTokenUrl, fetchAnswer } from "../token/fetch-answer.ts";
import { readTokenFile } from "../token/read-small-file.ts";
import { readTokenAnswer } from "../token/read-token.ts";
import { AZURE } from "./authorizer.ts";
import { fetchManagedIdentityToken } from "./managed-identity.ts";

const DEFAULT_AUTHORITY = "https://login.microsoftonline.com";
const ENTRA = "Microsoft Entra ID";

/** Azure Government has an authority and audiences of its own (AzureOpenAIAudience in https://github.com/Azure/azure-sdk-for-net). */
const GOVERNMENT = { authority: "login.microsoftonline.us", ending: ".azure.us/" } as const;

/**
 * A token of Microsoft Entra ID, in the order of Azure's own libraries; the first way that is set up decides: client secret,
 * workload identity, managed identity. https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/credential-chains
 */
export async function fetchEntraToken(scope: string, env: Environment, now: () => number): Promise<AccessToken> {
  const authority = readVariable(env, "AZURE_AUTHORITY_HOST") ?? DEFAULT_AUTHORITY;
  const cloudScope = scopeOf(authority, scope);
  const tenant = readVariable(env, "AZURE_TENANT_ID");
  const clientId = readVariable(env, "AZURE_CLIENT_ID");
  const secret = readVariable(env, "AZURE_CLIENT_SECRET");
  const tokenFile = readVariable(env, "AZURE_FEDERATED_TOKEN_FILE");
  if (tenant !== null && clientId !== null && (secret !== null || tokenFile !== null)) {
    return requestToken(authority, tenant, now, {
      client_id: clientId,
      scope: cloudScope,
      grant_type: "client_credentials",
      ...(secret === null
        ? {
            // https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
            client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            client_assertion: await readTokenFile(AZURE, "the federated token file", tokenFile ?? ""),
          }
        : { client_secret: secret }),
    });
  }
  if (secret !== null || tokenFile !== null) {
    const given = secret === null ? "AZURE_FEDERATED_TOKEN_FILE" : "AZURE_CLIENT_SECRET";
    throw tokenError(AZURE, `expected AZURE_TENANT_ID and AZURE_CLIENT_ID beside ${given}, got one or none of them.`);
  }
  return fetchManagedIdentityToken(cloudScope.replace(/\/\.default$/, ""), clientId, env, now);
}

function scopeOf(authority: string, scope: string): string {
  return authority.includes(GOVERNMENT.authority) ? scope.replace(".azure.com/", GOVERNMENT.ending) : scope;
}

async function requestToken(
  authority: string,
  tenant: string,
  now: () => number,
  form: Readonly<Record<string, string>>,
): Promise<AccessToken> {
  const host = /^https?:\/\//.test(authority) ? authority : `https://${authority}`;
  const url = checkTokenUrl(
    AZURE,
    "AZURE_AUTHORITY_HOST",
    `${host.replace(/\/+$/, "")}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`,
  );
  const answer = await fetchAnswer(url, { whose: AZURE, what: ENTRA, form });
  return readTokenAnswer(answer, { whose: AZURE, what: ENTRA, nowMs: now() });
}
