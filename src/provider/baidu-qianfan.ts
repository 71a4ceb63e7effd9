import { defineProvider } from "./define.ts";

/** Baidu Qianfan: ERNIE and other models. */
export default defineProvider({
  id: "baidu-qianfan",
  name: "Baidu Qianfan",
  baseUrl: "https://qianfan.baidubce.com/v2",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "images.generations": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "cohere",
      endpoints: { "cohere.rerank": "/rerank", "cohere.rerank.v1": "/rerank" },
      quirks: { refuses: ["maxTokensPerDocument"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["QIANFAN_API_KEY"] },
  source: [
    "https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
    "https://github.com/CherryHQ/cherry-studio/blob/main/src/renderer/src/config/providers.ts",
  ],
  unchecked:
    "Which of OpenAI's parameters it refuses was not found in its documentation. The key may be bound to an application, then named in an `appid` header. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
