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
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        reasoning: "effort",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "cohere",
      endpoints: { "cohere.rerank": "/rerank", "cohere.rerank.v1": "/rerank" },
      quirks: { refuses: ["maxTokensPerDocument"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["SCW_SECRET_KEY", "SCALEWAY_API_KEY"] },
  source: [
    "https://www.scaleway.com/en/docs/generative-apis/how-to/query-reasoning-models/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/scaleway/provider.toml",
    "https://github.com/BerriAI/litellm/blob/main/litellm/llms/openai_like/providers.json",
  ],
  unchecked: "A project other than the default needs its id in the base URL: https://api.scaleway.ai/{project}/v1.",
});
