import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Amazon Nova's own API (not Bedrock). */
export default defineProvider({
  id: "amazon-nova",
  name: "Amazon Nova API",
  baseUrl: "https://api.nova.amazon.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["NOVA_API_KEY", "AMAZON_NOVA_API_KEY"] },
  source: [
    "https://nova.amazon.com/dev/documentation",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/nova/provider.toml",
  ],
  unchecked: "reasoningConfig belongs to its native API; whether reasoning_effort is taken was not found.",
});
