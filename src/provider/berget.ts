import { defineProvider } from "./define.ts";

/** Berget AI: open models in Sweden. */
export default defineProvider({
  id: "berget",
  name: "Berget AI",
  baseUrl: "https://api.berget.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "cohere",
      endpoints: { "cohere.rerank": "/rerank", "cohere.rerank.v1": "/rerank" },
      quirks: { refuses: ["maxTokensPerDocument"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["BERGET_API_KEY"] },
  source: ["https://docs.berget.ai", "https://github.com/anomalyco/models.dev/blob/dev/providers/berget/provider.toml"],
  unchecked: "Which of OpenAI's parameters it refuses was not found in its documentation.",
});
