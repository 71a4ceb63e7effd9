import { COGNITIVE_SERVICES, makeAzureAuthorizer } from "./azure/authorizer.ts";
import { ANTHROPIC_VERSION_HEADER } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Claude in Microsoft Foundry: Anthropic's Messages API, the deployment's name in the body. */
export default defineProvider({
  id: "azure-anthropic",
  name: "Claude in Microsoft Foundry",
  baseUrl: null,
  baseUrlEnv: "ANTHROPIC_FOUNDRY_BASE_URL",
  surfaces: [{ dialect: "anthropic-messages", headers: ANTHROPIC_VERSION_HEADER }],
  credential: { header: "x-api-key", scheme: "", env: ["ANTHROPIC_FOUNDRY_API_KEY"] },
  makeAuthorizer: (input) => makeAzureAuthorizer(input, { keyHeader: "x-api-key", scope: COGNITIVE_SERVICES }),
  isKeyOptional: true,
  source: [
    "https://learn.microsoft.com/azure/ai-foundry/foundry-models/how-to/use-foundry-models-claude",
    "https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry",
    "https://github.com/anthropics/anthropic-sdk-typescript/tree/main/packages/foundry-sdk",
  ],
  unchecked: "base_url is https://NAME.services.ai.azure.com/anthropic, NAME being the Foundry resource's.",
});
