import { ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** CometAPI: many labs' models behind one key. */
export default defineProvider({
  id: "cometapi",
  name: "CometAPI",
  baseUrl: "https://api.cometapi.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "images.generations": true },
      quirks: { refusesContent: PLAIN_CHAT.refusesContent },
    },
    {
      dialect: "anthropic-messages",
      models: /^claude/,
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["COMETAPI_API_KEY"] },
  source: "https://apidoc.cometapi.com/",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
