import { ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * 302.AI: many labs' models behind one key.
 * How reasoning is asked for follows the lab whose model it is.
 */
export default defineProvider({
  id: "302ai",
  name: "302.AI",
  baseUrl: "https://api.302.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "images.generations": true },
      quirks: { refusesContent: PLAIN_CHAT.refusesContent },
    },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["AI302_API_KEY"] },
  source: ["https://doc.302.ai", "https://github.com/anomalyco/models.dev/blob/dev/providers/302ai/provider.toml"],
  unchecked:
    "Its usual variable 302AI_API_KEY cannot be set by a shell, so AI302_API_KEY is read. Its Messages path was not read on its own page.",
});
