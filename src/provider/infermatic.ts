import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Infermatic: open models for a subscription. */
export default defineProvider({
  id: "infermatic",
  name: "Infermatic",
  baseUrl: "https://api.infermatic.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["INFERMATIC_API_KEY"] },
  source: "https://docs.infermatic.ai/",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
