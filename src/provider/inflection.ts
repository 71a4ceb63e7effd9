import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Inflection AI: the Pi and Productivity models. */
export default defineProvider({
  id: "inflection",
  name: "Inflection AI",
  baseUrl: "https://api.inflection.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["INFLECTION_API_KEY"] },
  source: "https://developers.inflection.ai/docs/api-reference",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
