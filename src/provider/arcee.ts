import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Arcee Conductor: routing between small and large models. */
export default defineProvider({
  id: "arcee",
  name: "Arcee AI",
  baseUrl: "https://conductor.arcee.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ARCEE_API_KEY", "ARCEEAI_API_KEY"] },
  source: "https://docs.arcee.ai/",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
