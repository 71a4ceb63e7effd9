import { defineProvider } from "./define.ts";

/**
 * SiliconFlow: open models.
 * enable_thinking for the models its schema names, thinking_budget (128 to 32768) for all that reason.
 */
export default defineProvider({
  id: "siliconflow",
  name: "SiliconFlow",
  baseUrl: "https://api.siliconflow.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        embeddings: true,
        "images.generations": true,
        "audio.speech": true,
        "audio.transcriptions": true,
      },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        reasoning: "enable-thinking",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
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
  credential: { header: "authorization", scheme: "Bearer", env: ["SILICONFLOW_API_KEY"] },
  source: [
    "https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/siliconflow/provider.toml",
  ],
  unchecked: "It does not document a schema for response_format json_schema; which models take one was not checked.",
});
