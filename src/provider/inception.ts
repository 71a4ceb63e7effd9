import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Inception: the Mercury diffusion models.
 * Its effort "instant" has no equal elsewhere and is left out.
 */
export default defineProvider({
  id: "inception",
  name: "Inception",
  baseUrl: "https://api.inceptionlabs.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: "/fim/completions" },
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["low", "medium", "high"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["INCEPTION_API_KEY"] },
  source: [
    "https://docs.inceptionlabs.ai/api-reference/chat/create-a-chat-completion",
    "https://docs.inceptionlabs.ai/capabilities/reasoning-efforts",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/inception/provider.toml",
  ],
  unchecked: "That /fim/completions answers as text completions do.",
});
