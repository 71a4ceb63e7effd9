import type { Authorizer } from "../../exchange.ts";
import type { AuthorizerInput } from "../define.ts";
import { keyAuthorizer, renewingAuthorizer } from "../token/bearer-authorizer.ts";

export const AZURE = "Azure";
/** What Azure OpenAI and Foundry resources are called as: https://learn.microsoft.com/azure/ai-foundry/foundry-models/how-to/configure-entra-id */
export const COGNITIVE_SERVICES = "https://cognitiveservices.azure.com/.default";
export const FOUNDRY = "https://ai.azure.com/.default";

export type AzureAuthorizerOptions = {
  /** The header of a resource's key. */
  readonly keyHeader: string;
  /** What a token of Microsoft Entra ID is for. */
  readonly scope: string;
};

/**
 * Proves requests to Azure: with the resource's key where there is one, or else with a token of Microsoft Entra ID, which the
 * surroundings give (client secret, workload identity, managed identity). Throws GatewayError `upstream_error` for a key that no
 * header can hold.
 */
export function makeAzureAuthorizer(
  { apiKey, env, now }: AuthorizerInput,
  { keyHeader, scope }: AzureAuthorizerOptions,
): Authorizer {
  if (apiKey !== null) return keyAuthorizer(AZURE, keyHeader, "", apiKey);
  return renewingAuthorizer(
    AZURE,
    async () => {
      // Files and requests are needed once there is a request.
      const { fetchEntraToken } = await import("./fetch-token.ts");
      return fetchEntraToken(scope, env, now);
    },
    now,
  );
}
