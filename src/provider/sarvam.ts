import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Sarvam AI: models for Indian languages.
 * The key also goes as a Bearer token; api-subscription-key is the documented header.
 */
export default defineProvider({
  id: "sarvam",
  name: "Sarvam AI",
  baseUrl: "https://api.sarvam.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["low", "medium", "high"] },
    },
  ],
  credential: { header: "api-subscription-key", scheme: "", env: ["SARVAM_API_KEY"] },
  source: [
    "https://docs.sarvam.ai/api-reference-docs/chat/chat-completions",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/sarvam/provider.toml",
  ],
  unchecked: 'Reasoning is switched off by a null, not by the word "none".',
});
