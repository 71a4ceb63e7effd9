import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** One API, New API and their kin at their default port. */
export default defineProvider({
  id: "one-api",
  name: "One API",
  baseUrl: "http://localhost:3000/v1",
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
        moderations: true,
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  source: "https://github.com/songquanpeng/one-api",
  unchecked: `What a parameter does depends on the channel. New API also serves messages, responses and rerank. ${ADDRESS_FROM_PROGRAMS}`,
});
