import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Doubleword: open models, also in batches.
 * temperature above 2 is answered with 400 (recorded).
 */
export default defineProvider({
  id: "doubleword",
  name: "Doubleword",
  baseUrl: "https://api.doubleword.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["DOUBLEWORD_API_KEY"] },
  source: [
    "https://docs.doubleword.ai",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/doubleword/provider.toml",
  ],
  unchecked: "Which models take reasoning_effort; recorded requests with it were accepted.",
});
