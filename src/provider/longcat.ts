import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Meituan: the LongCat models. */
export default defineProvider({
  id: "longcat",
  name: "LongCat",
  baseUrl: "https://api.longcat.chat/openai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["LONGCAT_API_KEY"] },
  source: "https://longcat.chat/platform/docs/",
  unchecked: `Its Anthropic API stands at /anthropic, outside this base URL. ${ADDRESS_FROM_PROGRAMS}`,
});
