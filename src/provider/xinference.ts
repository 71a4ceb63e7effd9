import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Xorbits Inference at its default port. */
export default defineProvider({
  id: "xinference",
  name: "Xinference",
  baseUrl: "http://localhost:9997/v1",
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
  credential: { header: "authorization", scheme: "Bearer", env: ["XINFERENCE_API_KEY"] },
  isKeyOptional: true,
  source: "https://inference.readthedocs.io/en/latest/getting_started/using_xinference.html",
  unchecked: `Which endpoints answer depends on the models launched. ${ADDRESS_FROM_PROGRAMS}`,
});
