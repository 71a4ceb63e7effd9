import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** LocalAI at its default port. */
export default defineProvider({
  id: "localai",
  name: "LocalAI",
  baseUrl: "http://localhost:8080/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        completions: true,
        embeddings: true,
        "images.generations": true,
        "audio.transcriptions": true,
        "audio.speech": true,
      },
      quirks: PLAIN_CHAT,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["LOCALAI_API_KEY"] },
  isKeyOptional: true,
  source: "https://localai.io/features/",
  unchecked: `Which endpoints answer depends on the backends installed. ${ADDRESS_FROM_PROGRAMS}`,
});
