import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** TabbyAPI (ExLlama) at its default port. */
export default defineProvider({
  id: "tabby-api",
  name: "TabbyAPI",
  baseUrl: "http://localhost:5000/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://github.com/theroyallab/tabbyAPI/wiki",
  unchecked: `The key also goes as X-api-key; Bearer is used here. ${ADDRESS_FROM_PROGRAMS}`,
});
