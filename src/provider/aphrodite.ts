import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

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
  unchecked:
    "Which of OpenAI's parameters it refuses was not found in its documentation. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
