import { COHERE_RERANK } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { GLM_CHAT, GLM_UNCHECKED } from "./glm-quirks.ts";

/** Zhipu AI: the GLM models. */
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
      quirks: GLM_CHAT,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ZHIPU_API_KEY", "ZHIPUAI_API_KEY"] },
  source: [
    "https://docs.bigmodel.cn/cn/guide/capabilities/thinking",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/zhipuai/provider.toml",
  ],
  unchecked: `Its Anthropic API stands outside this base URL: see zhipuai-anthropic. ${GLM_UNCHECKED}`,
});
