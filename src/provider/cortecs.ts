import { OPENAI_ONLY_TOOLS, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/**
 * Cortecs: European providers behind one key.
 * What the chosen provider does not know may be ignored silently.
 */
export default defineProvider({
  id: "cortecs",
  name: "Cortecs",
  baseUrl: "https://api.cortecs.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: {
        renames: PLAIN_CHAT.renames,
        reasoning: "effort",
        refusesContent: OPENAI_ONLY_TOOLS,
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["CORTECS_API_KEY"] },
  source: [
    "https://docs.cortecs.ai/routing/prompt-caching",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/cortecs/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
