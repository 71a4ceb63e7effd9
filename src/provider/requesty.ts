import { ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { DEPENDS_ON_UPSTREAM } from "./unchecked.ts";

/** Requesty: many providers behind one key. */
export default defineProvider({
  id: "requesty",
  name: "Requesty",
  baseUrl: "https://router.requesty.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: { reasoning: "effort", refusesContent: PLAIN_CHAT.refusesContent },
    },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["REQUESTY_API_KEY"] },
  source: [
    "https://docs.requesty.ai/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/requesty/provider.toml",
  ],
  unchecked: DEPENDS_ON_UPSTREAM,
});
