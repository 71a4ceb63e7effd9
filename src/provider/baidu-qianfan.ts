import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
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
      quirks: PLAIN_CHAT,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["QIANFAN_API_KEY"] },
  source: [
    "https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
    "https://github.com/CherryHQ/cherry-studio/blob/main/src/renderer/src/config/providers.ts",
  ],
  unchecked:
    "Which of OpenAI's parameters it refuses was not found in its documentation. The key may be bound to an application, then named in an `appid` header. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
