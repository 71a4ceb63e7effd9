import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Regolo AI: open models in Italy. */
export default defineProvider({
  id: "regolo",
  name: "Regolo AI",
  baseUrl: "https://api.regolo.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["low", "medium", "high"] },
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["REGOLO_API_KEY"] },
  source: [
    "https://docs.regolo.ai/models/features/thinking/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/regolo-ai/provider.toml",
  ],
  unchecked: "`thinking: true`, its switch, has no style of its own here.",
});
