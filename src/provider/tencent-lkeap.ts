import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_LISTS } from "./unchecked.ts";

/** Tencent Cloud's knowledge engine: DeepSeek models. */
export default defineProvider({
  id: "tencent-lkeap",
  name: "Tencent Cloud LKEAP",
  baseUrl: "https://api.lkeap.cloud.tencent.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["LKEAP_API_KEY"] },
  source: [
    "https://cloud.tencent.com/document/product/1772/115969",
    "https://github.com/CherryHQ/cherry-studio/blob/main/src/renderer/src/config/providers.ts",
  ],
  unchecked: `${ADDRESS_FROM_LISTS} The key variable is our choice: no page names one.`,
});
