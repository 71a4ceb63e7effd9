import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Aphrodite Engine at its default port. */
export default defineProvider({
  id: "aphrodite",
  name: "Aphrodite Engine",
  baseUrl: "http://localhost:2242/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["APHRODITE_API_KEY"] },
  isKeyOptional: true,
  source: "https://aphrodite.pygmalion.chat/usage/openai/",
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
