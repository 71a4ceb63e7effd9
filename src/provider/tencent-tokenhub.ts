import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Tencent TokenHub: many labs' models. */
export default defineProvider({
  id: "tencent-tokenhub",
  name: "Tencent TokenHub",
  baseUrl: "https://tokenhub.tencentmaas.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "thinking-type", efforts: ["low", "medium", "high"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["TENCENT_TOKENHUB_API_KEY"] },
  source: [
    "https://cloud.tencent.com/document/product/1823/130079",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/tencent-tokenhub/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
