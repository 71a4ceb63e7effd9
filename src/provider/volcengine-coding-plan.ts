import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_LISTS } from "./unchecked.ts";

/** Volcengine Ark's coding plan. */
export default defineProvider({
  id: "volcengine-coding-plan",
  name: "Volcengine Ark Coding Plan",
  baseUrl: "https://ark.cn-beijing.volces.com/api/coding/v3",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "thinking-type" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ARK_API_KEY", "VOLCENGINE_API_KEY"] },
  source: [
    "https://www.volcengine.com/docs/82379/1330310",
    "https://github.com/QuantumNous/new-api/blob/main/constant/channel.go",
  ],
  unchecked: `${ADDRESS_FROM_LISTS} Its Anthropic API stands at /api/coding, outside this base URL.`,
});
