import { defineProvider } from "./define.ts";

/**
 * Cortecs: European providers behind one key.
 * What the chosen provider does not know may be ignored silently.
 */
export default defineProvider({
  id: "cortecs",
  name: "Cortecs",
  baseUrl: "https://api.cortecs.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        reasoning: "effort",
        refusesContent: ["custom-tool", "web-search"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["CORTECS_API_KEY"] },
  source: [
    "https://docs.cortecs.ai/routing/prompt-caching",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/cortecs/provider.toml",
  ],
  unchecked: "Which of OpenAI's parameters it refuses was not found in its documentation.",
});
