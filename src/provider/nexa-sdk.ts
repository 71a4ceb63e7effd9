import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** nexa serve at its default port. */
export default defineProvider({
  id: "nexa-sdk",
  name: "Nexa SDK",
  baseUrl: "http://localhost:18181/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://github.com/NexaAI/nexa-sdk",
  unchecked: "Rerank, which it serves too, is left out: its shape is not known.",
});
