import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

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
  unchecked:
    "The key also goes as X-api-key; Bearer is used here. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
