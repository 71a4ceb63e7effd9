import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/**
 * io.net Intelligence: open models on a decentralised network.
 * `reasoning.effort` is its form; a budget is not documented.
 */
export default defineProvider({
  id: "io-intelligence",
  name: "io.net Intelligence",
  baseUrl: "https://api.intelligence.io.solutions/api/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: { ...PLAIN_CHAT, reasoning: "reasoning-object", efforts: ["none", "low", "medium", "high"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["IOINTELLIGENCE_API_KEY"] },
  source: [
    "https://io.net/docs/guides/intelligence/reasoning-for-chat-completions",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/io-net/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
