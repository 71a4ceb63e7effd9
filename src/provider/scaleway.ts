import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Scaleway Generative APIs: open models in Europe.
 * reasoning_effort "none" switches reasoning off for most models; leaving it out keeps it on.
 */
export default defineProvider({
  id: "scaleway",
  name: "Scaleway Generative APIs",
  baseUrl: "https://api.scaleway.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "audio.transcriptions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort" },
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["SCW_SECRET_KEY", "SCALEWAY_API_KEY"] },
  source: [
    "https://www.scaleway.com/en/docs/generative-apis/how-to/query-reasoning-models/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/scaleway/provider.toml",
    "https://github.com/BerriAI/litellm/blob/main/litellm/llms/openai_like/providers.json",
  ],
  unchecked: "A project other than the default needs its id in the base URL: https://api.scaleway.ai/{project}/v1.",
});
