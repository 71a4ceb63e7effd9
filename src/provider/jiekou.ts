import { OPENAI_ONLY_TOOLS } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Jiekou.AI: many labs' models behind one key. */
export default defineProvider({
  id: "jiekou",
  name: "Jiekou.AI",
  baseUrl: "https://api.jiekou.ai/openai",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: { reasoning: "effort", refusesContent: OPENAI_ONLY_TOOLS },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["JIEKOU_API_KEY"] },
  source: [
    "https://docs.jiekou.ai/docs/support/quickstart",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/jiekou/provider.toml",
  ],
  unchecked: "Its Anthropic and Gemini APIs stand outside this base URL.",
});
