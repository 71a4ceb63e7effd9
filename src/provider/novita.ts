import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Novita AI: open models.
 * enable_thinking is documented for the hybrid GLM and DeepSeek models only; there is no budget.
 */
export default defineProvider({
  id: "novita",
  name: "Novita AI",
  baseUrl: "https://api.novita.ai/openai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: { ...PLAIN_CHAT, reasoning: "enable-thinking" },
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["NOVITA_API_KEY"] },
  source: [
    "https://novita.ai/docs/api-reference/model-apis-llm-create-chat-completion",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/novita-ai/provider.toml",
  ],
  unchecked: "The older base https://api.novita.ai/v3/openai is still in use in public programs.",
});
