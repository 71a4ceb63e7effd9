import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/**
 * Parasail: open models.
 * reasoning_effort is what it takes; `thinking` of either kind is ignored.
 */
export default defineProvider({
  id: "parasail",
  name: "Parasail",
  baseUrl: "https://api.parasail.io/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["PARASAIL_API_KEY"] },
  source: [
    "https://docs.parasail.io/parasail-docs/quickstart/serverless",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/parasail/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
