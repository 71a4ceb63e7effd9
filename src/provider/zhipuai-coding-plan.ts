import { defineProvider } from "./define.ts";
import { GLM_CHAT, GLM_UNCHECKED } from "./glm-quirks.ts";

/** Zhipu AI Coding Plan: the GLM models. */
export default defineProvider({
  id: "zhipuai-coding-plan",
  name: "Zhipu AI Coding Plan",
  baseUrl: "https://open.bigmodel.cn/api/coding/paas/v4",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: GLM_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ZHIPU_API_KEY", "ZHIPUAI_API_KEY"] },
  source: [
    "https://docs.bigmodel.cn/cn/coding-plan/overview",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/zhipuai-coding-plan/provider.toml",
  ],
  unchecked: `Its Anthropic API stands outside this base URL: see zhipuai-anthropic. ${GLM_UNCHECKED}`,
});
