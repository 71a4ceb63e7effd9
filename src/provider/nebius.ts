import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Nebius Token Factory (formerly AI Studio): open models. */
export default defineProvider({
  id: "nebius",
  name: "Nebius Token Factory",
  baseUrl: "https://api.tokenfactory.nebius.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true, "images.generations": true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["low", "medium", "high"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["NEBIUS_API_KEY"] },
  source: [
    "https://docs.tokenfactory.nebius.com/api-reference/inference/create-chat-completion",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/nebius/provider.toml",
  ],
  unchecked: "The former base https://api.studio.nebius.ai/v1 is still in public programs.",
});
