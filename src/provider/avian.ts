import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Avian: open models. */
export default defineProvider({
  id: "avian",
  name: "Avian",
  baseUrl: "https://api.avian.io/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["AVIAN_API_KEY"] },
  source: ["https://avian.io/docs", "https://github.com/danny-avila/LibreChat"],
  unchecked: ADDRESS_FROM_PROGRAMS,
});
