import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** mistral.rs at the port its documentation uses. */
export default defineProvider({
  id: "mistral-rs",
  name: "mistral.rs",
  baseUrl: "http://localhost:1234/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        completions: true,
        embeddings: true,
        "images.generations": true,
        "audio.speech": true,
      },
      quirks: PLAIN_CHAT,
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://github.com/EricLBuehler/mistral.rs/blob/master/docs/HTTP.md",
  unchecked: `Which endpoints answer depends on the model. ${ADDRESS_FROM_PROGRAMS}`,
});
