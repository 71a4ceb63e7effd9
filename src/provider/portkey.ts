import { ANTHROPIC_VERSION_HEADER } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, DEPENDS_ON_UPSTREAM } from "./unchecked.ts";

/** Portkey: many providers behind one key; models are named @provider/model. */
export default defineProvider({
  id: "portkey",
  name: "Portkey",
  baseUrl: "https://api.portkey.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        completions: true,
        embeddings: true,
        moderations: true,
        "images.generations": true,
        "audio.speech": true,
        "audio.transcriptions": true,
      },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
  ],
  credential: { header: "x-portkey-api-key", scheme: "", env: ["PORTKEY_API_KEY"] },
  source: "https://portkey.ai/docs/api-reference/inference-api/chat",
  unchecked: `${DEPENDS_ON_UPSTREAM} ${ADDRESS_FROM_PROGRAMS}`,
});
