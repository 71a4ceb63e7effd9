import type { Quirks } from "../exchange.ts";
import { OPENAI_ONLY_TOOLS, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** enable_thinking and thinking_budget ask for reasoning in chat, wherever Alibaba serves it. */
export const QWEN_CHAT = {
  renames: PLAIN_CHAT.renames,
  reasoning: "enable-thinking",
  refusesContent: OPENAI_ONLY_TOOLS,
} satisfies Partial<Quirks>;

/**
 * Alibaba Cloud Model Studio (DashScope), international: the Qwen models.
 * Responses takes reasoning.effort and no budget.
 */
export default defineProvider({
  id: "alibaba",
  name: "Alibaba Cloud Model Studio",
  baseUrl: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: QWEN_CHAT,
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
      quirks: { reasoning: "effort", efforts: ["none", "minimal", "low", "medium", "high"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["DASHSCOPE_API_KEY"] },
  source: [
    "https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope",
    "https://www.alibabacloud.com/help/en/model-studio/deep-thinking",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/alibaba/provider.toml",
  ],
  unchecked:
    "Its Anthropic API and rerank stand outside this base URL (alibaba-anthropic; /compatible-api/v1/reranks).",
});
