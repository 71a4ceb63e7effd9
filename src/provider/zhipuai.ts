import { defineProvider } from "./define.ts";

/**
 * Zhipu AI: the GLM models.
 * `thinking.type` switches reasoning (default: enabled); response_format knows text and json_object.
 */
export default defineProvider({
  id: "zhipuai",
  name: "Zhipu AI",
  baseUrl: "https://open.bigmodel.cn/api/paas/v4",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        embeddings: true,
        "images.generations": true,
        "audio.transcriptions": true,
        "audio.speech": true,
      },
      quirks: {
        renames: { max_completion_tokens: "max_tokens", user: "user_id" },
        refuses: ["topK", "minP", "repetitionPenalty"],
        reasoning: "thinking-type",
        jsonSchema: "json-object",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "cohere",
      endpoints: { "cohere.rerank": "/rerank", "cohere.rerank.v1": "/rerank" },
      quirks: { refuses: ["maxTokensPerDocument"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ZHIPU_API_KEY", "ZHIPUAI_API_KEY"] },
  source: [
    "https://docs.bigmodel.cn/cn/guide/capabilities/thinking",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/zhipuai/provider.toml",
  ],
  unchecked:
    'Its Anthropic API stands outside this base URL: see zhipuai-anthropic. Of `stop` only one sequence and of tool_choice only "auto" are documented. GLM-5.2 also takes reasoning_effort, which has no place beside `thinking` here.',
});
