import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Pollinations: open generative models. */
export default defineProvider({
  id: "pollinations",
  name: "Pollinations",
  baseUrl: "https://gen.pollinations.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, "images.generations": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["POLLINATIONS_API_KEY"] },
  source: "https://github.com/pollinations/pollinations/blob/main/APIDOCS.md",
  unchecked: `The former host text.pollinations.ai/openai is still in public programs. ${ADDRESS_FROM_PROGRAMS}`,
});
