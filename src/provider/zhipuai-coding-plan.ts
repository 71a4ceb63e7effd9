import { defineProvider } from "./define.ts";

/**
 * Zhipu AI Coding Plan: the GLM models.
 * `thinking.type` switches reasoning (default: enabled); response_format knows text and json_object.
 */
export default defineProvider({
  id: "zhipuai-coding-plan",
  name: "Zhipu AI Coding Plan",
  baseUrl: "https://open.bigmodel.cn/api/coding/paas/v4",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens", user: "user_id" },
        refuses: ["topK", "minP", "repetitionPenalty"],
        reasoning: "thinking-type",
        jsonSchema: "json-object",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ZHIPU_API_KEY", "ZHIPUAI_API_KEY"] },
  source: [
    "https://docs.bigmodel.cn/cn/coding-plan/overview",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/zhipuai-coding-plan/provider.toml",
  ],
  unchecked:
    'Its Anthropic API stands outside this base URL: see zhipuai-anthropic. Of `stop` only one sequence and of tool_choice only "auto" are documented. GLM-5.2 also takes reasoning_effort, which has no place beside `thinking` here.',
});
