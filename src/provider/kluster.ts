import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** kluster.ai: open models. */
export default defineProvider({
  id: "kluster",
  name: "kluster.ai",
  baseUrl: "https://api.kluster.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["KLUSTER_API_KEY"] },
  source: "https://docs.kluster.ai/api-reference/reference/",
  unchecked: `The base URL was seen in its own samples and many public programs; whether chat is still served was not checked. ${ADDRESS_FROM_PROGRAMS}`,
});
