import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/**
 * Maritaca AI: the Sabiá models for Portuguese.
 * Bearer for the OpenAI-compatible API; its older one wants the scheme "Key".
 */
export default defineProvider({
  id: "maritaca",
  name: "Maritaca AI",
  baseUrl: "https://chat.maritaca.ai/api",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["MARITACA_API_KEY", "MARITALK_API_KEY"] },
  source: "https://docs.maritaca.ai/",
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
