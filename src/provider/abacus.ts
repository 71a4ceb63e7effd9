import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Abacus.AI RouteLLM: many labs' models behind one key. */
export default defineProvider({
  id: "abacus",
  name: "Abacus.AI RouteLLM",
  baseUrl: "https://routellm.abacus.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ABACUS_API_KEY"] },
  source: [
    "https://abacus.ai/help/api",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/abacus/provider.toml",
  ],
  unchecked: "No setting for reasoning is documented.",
});
