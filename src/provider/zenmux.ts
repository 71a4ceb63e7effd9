import { OPENAI_ONLY_TOOLS } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** ZenMux: many labs' models behind one key. */
export default defineProvider({
  id: "zenmux",
  name: "ZenMux",
  baseUrl: "https://zenmux.ai/api/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { reasoning: "reasoning-object", refusesContent: OPENAI_ONLY_TOOLS },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ZENMUX_API_KEY"] },
  source: [
    "https://docs.zenmux.ai/guide/advanced/reasoning.html",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/zenmux/provider.toml",
  ],
  unchecked: "Its Anthropic and Vertex APIs stand outside this base URL.",
});
