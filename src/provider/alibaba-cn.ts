import { QWEN_CHAT } from "./alibaba.ts";
import { defineProvider } from "./define.ts";

/** Alibaba Cloud Bailian (DashScope), mainland China: the Qwen models. */
export default defineProvider({
  id: "alibaba-cn",
  name: "Alibaba Cloud Bailian (China)",
  baseUrl: "https://dashscope.aliyuncs.com/compatible-mode/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: QWEN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["DASHSCOPE_API_KEY", "DASHSCOPE_CN_API_KEY"] },
  source: [
    "https://help.aliyun.com/zh/model-studio/compatibility-of-openai-with-dashscope",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/alibaba-cn/provider.toml",
  ],
  unchecked: "Its Anthropic API and rerank stand outside this base URL. Whether it serves Responses.",
});
