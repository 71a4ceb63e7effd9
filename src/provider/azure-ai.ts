import { COGNITIVE_SERVICES, makeAzureAuthorizer } from "./azure/authorizer.ts";
import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Azure AI model inference: Mistral, Llama, DeepSeek and others of a Foundry resource, the deployment's name in the body.
 * `base_url` is what the azure-ai-inference SDKs call the endpoint, https://NAME.services.ai.azure.com/models.
 */
export default defineProvider({
  id: "azure-ai",
  name: "Azure AI Foundry (model inference)",
  baseUrl: null,
  baseUrlEnv: "AZURE_INFERENCE_ENDPOINT",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      query: "api-version={api_version}",
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "api-key", scheme: "", env: ["AZURE_INFERENCE_CREDENTIAL"] },
  makeAuthorizer: (input) => makeAzureAuthorizer(input, { keyHeader: "api-key", scope: COGNITIVE_SERVICES }),
  isKeyOptional: true,
  settings: [
    {
      key: "api_version",
      env: ["AZURE_INFERENCE_API_VERSION"],
      default: "2024-05-01-preview",
      expected: "an API version such as 2024-05-01-preview",
    },
  ],
  source: [
    "https://learn.microsoft.com/azure/ai-studio/reference/reference-model-inference-api",
    "https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints",
  ],
  unchecked:
    "Members that the API does not know are refused unless the header extra-parameters says drop or pass-through (set it under headers). Azure moves these models to the v1 API (azure-v1). The variable of the API version is a name of ours.",
});
