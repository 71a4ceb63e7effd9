import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

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
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
