import { COGNITIVE_SERVICES, makeAzureAuthorizer } from "./azure/authorizer.ts";
import { defineProvider } from "./define.ts";

/**
 * Azure OpenAI by deployment and dated API version: the model's name is the deployment's. `base_url` is the resource's endpoint
 * (https://NAME.openai.azure.com). With `api_key` the resource's key goes along; without it a token of Microsoft Entra ID.
 */
export default defineProvider({
  id: "azure",
  name: "Azure OpenAI",
  baseUrl: null,
  baseUrlEnv: "AZURE_OPENAI_ENDPOINT",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": "/openai/deployments/{model}/chat/completions",
        completions: "/openai/deployments/{model}/completions",
        embeddings: "/openai/deployments/{model}/embeddings",
        "images.generations": "/openai/deployments/{model}/images/generations",
        "images.edits": "/openai/deployments/{model}/images/edits",
        "audio.speech": "/openai/deployments/{model}/audio/speech",
        "audio.transcriptions": "/openai/deployments/{model}/audio/transcriptions",
        "audio.translations": "/openai/deployments/{model}/audio/translations",
      },
      query: "api-version={api_version}",
    },
    // From 2025-03-01-preview on; the deployment is named in the body.
    { dialect: "openai-responses", endpoints: { responses: "/openai/responses" }, query: "api-version={api_version}" },
  ],
  credential: { header: "api-key", scheme: "", env: ["AZURE_OPENAI_API_KEY"] },
  makeAuthorizer: (input) => makeAzureAuthorizer(input, { keyHeader: "api-key", scope: COGNITIVE_SERVICES }),
  isKeyOptional: true,
  settings: [
    {
      key: "api_version",
      env: ["OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION"],
      default: "2024-10-21",
      expected: "an API version such as 2024-10-21",
    },
  ],
  rateLimitHeaders: ["x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"],
  source: [
    "https://learn.microsoft.com/azure/ai-foundry/openai/reference",
    "https://learn.microsoft.com/azure/ai-foundry/openai/reference-preview",
    "https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
    "https://github.com/openai/openai-node/blob/master/src/azure.ts",
  ],
  unchecked:
    "Which family of models a deployment of another name belongs to cannot be seen: name deployments like their models where parameters matter. Client certificates and Azure Arc are no way to a token here. Azure China's audience.",
});
