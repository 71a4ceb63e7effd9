import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Jan's local server at its default port. */
export default defineProvider({
  id: "jan",
  name: "Jan",
  baseUrl: "http://localhost:1337/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://jan.ai/docs/desktop/api-server",
  unchecked:
    "Which of OpenAI's parameters it refuses was not found in its documentation. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
