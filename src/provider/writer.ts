import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Writer: the Palmyra models.
 * Chat stands at /v1/chat and answers in the shape of OpenAI's chat completions (recorded).
 */
export default defineProvider({
  id: "writer",
  name: "Writer",
  baseUrl: "https://api.writer.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": "/chat", completions: "/completions" },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["WRITER_API_KEY"] },
  source: "https://dev.writer.com/api-reference/completion-api/chat-completion",
  unchecked:
    "Which of OpenAI's parameters it refuses was not found in its documentation. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
