import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Qiniu Cloud AI: many labs' models. */
export default defineProvider({
  id: "qiniu",
  name: "Qiniu AI",
  baseUrl: "https://api.qnaigc.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["low", "medium", "high"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["QINIU_API_KEY"] },
  source: [
    "https://developer.qiniu.com/aitokenapi/13390/chat-completions",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/qiniu-ai/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
