import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

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
  unchecked: `${REFUSALS_UNKNOWN} The key may be bound to an application, then named in an \`appid\` header. ${ADDRESS_FROM_PROGRAMS}`,
});
