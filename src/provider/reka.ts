import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/**
 * Reka AI: its own multimodal models.
 * Its own SDK sends the key as X-Api-Key; the OpenAI-compatible path is said to take Bearer, too.
 */
export default defineProvider({
  id: "reka",
  name: "Reka AI",
  baseUrl: "https://api.reka.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "x-api-key", scheme: "", env: ["REKA_API_KEY"] },
  source: "https://docs.reka.ai/",
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
