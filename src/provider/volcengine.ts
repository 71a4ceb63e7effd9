import { defineProvider } from "./define.ts";

/**
 * Volcengine Ark (ByteDance), China: the Doubao models.
 * `thinking.type` switches reasoning; "auto" is rejected by most models although documented. reasoning_effort is
 * known beside it (none and minimal disable thinking).
 */
export default defineProvider({
  id: "volcengine",
  name: "Volcengine Ark",
  baseUrl: "https://ark.cn-beijing.volces.com/api/v3",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "images.generations": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refuses: ["topK", "minP", "repetitionPenalty"],
        reasoning: "thinking-type",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
    },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/compatible/v1/messages" },
      headers: { "anthropic-version": "2023-06-01" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ARK_API_KEY", "VOLCENGINE_API_KEY"] },
  source: [
    "https://www.volcengine.com/docs/82379/1298459",
    "https://www.volcengine.com/docs/82379/1330310",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/volcengine/provider.toml",
  ],
  unchecked: "Which models take JSON schemas.",
});
