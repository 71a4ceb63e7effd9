import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Arli AI: open models for a subscription. */
export default defineProvider({
  id: "arliai",
  name: "Arli AI",
  baseUrl: "https://api.arliai.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ARLIAI_API_KEY"] },
  source: "https://www.arliai.com/docs",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
