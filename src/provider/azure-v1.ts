import { FOUNDRY, makeAzureAuthorizer } from "./azure/authorizer.ts";
import { defineProvider } from "./define.ts";

/**
 * Azure OpenAI's v1 API, for all models of a Foundry resource: OpenAI's own paths, the deployment's name in the body, no API
 * version. `base_url` is the resource's endpoint (https://NAME.openai.azure.com or https://NAME.services.ai.azure.com).
 */
export default defineProvider({
  id: "azure-v1",
  name: "Azure OpenAI (v1 API)",
  baseUrl: null,
  baseUrlEnv: "AZURE_OPENAI_ENDPOINT",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": "/openai/v1/chat/completions",
        completions: "/openai/v1/completions",
        embeddings: "/openai/v1/embeddings",
        "images.generations": "/openai/v1/images/generations",
        "images.edits": "/openai/v1/images/edits",
        "audio.speech": "/openai/v1/audio/speech",
        "audio.transcriptions": "/openai/v1/audio/transcriptions",
        "audio.translations": "/openai/v1/audio/translations",
        realtime: "/openai/v1/realtime",
      },
    },
    { dialect: "openai-responses", endpoints: { responses: "/openai/v1/responses" } },
  ],
  credential: { header: "api-key", scheme: "", env: ["AZURE_OPENAI_API_KEY"] },
  makeAuthorizer: (input) => makeAzureAuthorizer(input, { keyHeader: "api-key", scope: FOUNDRY }),
  isKeyOptional: true,
  rateLimitHeaders: ["x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"],
  source: [
    "https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
    "https://github.com/Azure/azure-rest-api-specs/tree/main/specification/ai/data-plane/OpenAI.v1",
    "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/realtime-audio-websockets",
    "https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints",
  ],
  unchecked: "Paths of images and audio are OpenAI's own below /openai/v1; no page that lists them was read.",
});
