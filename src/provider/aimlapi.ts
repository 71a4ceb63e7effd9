import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** AI/ML API: many labs' models behind one key. */
export default defineProvider({
  id: "aimlapi",
  name: "AI/ML API",
  baseUrl: "https://api.aimlapi.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "images.generations": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["AIMLAPI_API_KEY", "AIML_API_KEY"] },
  source: "https://docs.aimlapi.com/",
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
