import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** SenseTime SenseNova: its own models. */
export default defineProvider({
  id: "sensenova",
  name: "SenseNova",
  baseUrl: "https://api.sensenova.cn/compatible-mode/v2",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["SENSENOVA_API_KEY"] },
  source: "https://www.sensecore.cn/help/docs/model-as-a-service/nova/overview/compatible-mode",
  unchecked: `Both /compatible-mode/v1 and /v2 are in use. ${ADDRESS_FROM_PROGRAMS}`,
});
