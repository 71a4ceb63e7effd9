import { QWEN_CHAT } from "./alibaba.ts";
import { defineProvider } from "./define.ts";

/** Alibaba Cloud's coding plan, international. */
export default defineProvider({
  id: "alibaba-coding-plan",
  name: "Alibaba Cloud Coding Plan",
  baseUrl: "https://coding-intl.dashscope.aliyuncs.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: QWEN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ALIBABA_CODING_PLAN_API_KEY"] },
  source: [
    "https://www.alibabacloud.com/help/en/model-studio/coding-plan",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/alibaba-coding-plan/provider.toml",
  ],
  unchecked: "Its Anthropic API stands at /apps/anthropic, outside this base URL.",
});
