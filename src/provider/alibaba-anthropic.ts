import { BUDGETED_MESSAGES } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { COUNTING_UNKNOWN } from "./unchecked.ts";

/**
 * Alibaba Cloud Model Studio (Anthropic API): the same models and key as its OpenAI-compatible API, spoken the
 * Anthropic way.
 */
export default defineProvider({
  id: "alibaba-anthropic",
  name: "Alibaba Cloud Model Studio (Anthropic API)",
  baseUrl: "https://dashscope-intl.aliyuncs.com/apps/anthropic",
  surfaces: [BUDGETED_MESSAGES],
  credential: { header: "authorization", scheme: "Bearer", env: ["DASHSCOPE_API_KEY"] },
  source: [
    "https://www.alibabacloud.com/help/en/model-studio/anthropic-api-messages",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/alibaba/provider.toml",
  ],
  unchecked: COUNTING_UNKNOWN,
});
