import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_LISTS } from "./unchecked.ts";

/**
 * Public AI: public models such as Apertus.
 * Content must be a string, not a list of parts.
 */
export default defineProvider({
  id: "publicai",
  name: "Public AI",
  baseUrl: "https://api.publicai.co/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["PUBLICAI_API_KEY"] },
  source: [
    "https://platform.publicai.co/docs",
    "https://github.com/BerriAI/litellm/blob/main/litellm/llms/openai_like/providers.json",
  ],
  unchecked: `${ADDRESS_FROM_LISTS} Its need for plain strings has no word here.`,
});
