import { defineProvider } from "./define.ts";

/** Morph: models that apply code edits. */
export default defineProvider({
  id: "morph",
  name: "Morph",
  baseUrl: "https://api.morphllm.com/v1",
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
  credential: { header: "authorization", scheme: "Bearer", env: ["MORPH_API_KEY"] },
  source: [
    "https://docs.morphllm.com/api-reference/introduction",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/morph/provider.toml",
  ],
  unchecked: "Which of OpenAI's parameters it refuses was not found in its documentation.",
});
