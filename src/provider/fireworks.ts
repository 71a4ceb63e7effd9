import { defineProvider } from "./define.ts";

/** Fireworks AI: open models. */
export default defineProvider({
  id: "fireworks",
  name: "Fireworks AI",
  baseUrl: "https://api.fireworks.ai/inference/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        reasoning: "effort",
        efforts: ["none", "low", "medium", "high"],
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
    },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: { "anthropic-version": "2023-06-01" },
    },
    {
      dialect: "cohere",
      endpoints: { "cohere.rerank": "/rerank", "cohere.rerank.v1": "/rerank" },
      quirks: { refuses: ["maxTokensPerDocument"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"] },
  source: [
    "https://docs.fireworks.ai/guides/reasoning",
    "https://docs.fireworks.ai/api-reference/post-chatcompletions",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/fireworks-ai/provider.toml",
  ],
  unchecked: "Audio is served from hosts of its own and left out.",
});
