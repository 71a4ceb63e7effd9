import { ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { DEPENDS_ON_UPSTREAM } from "./unchecked.ts";

/** Kilo Gateway: many labs' models behind one key. */
export default defineProvider({
  id: "kilo",
  name: "Kilo Gateway",
  baseUrl: "https://api.kilo.ai/api/gateway",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { reasoning: "reasoning-object", refusesContent: PLAIN_CHAT.refusesContent },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["KILO_API_KEY"] },
  source: [
    "https://kilo.ai/docs/gateway",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/kilo/provider.toml",
  ],
  unchecked: DEPENDS_ON_UPSTREAM,
});
