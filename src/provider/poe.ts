import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Poe: bots and many labs' models for one subscription.
 * Parameters a bot does not know are ignored.
 */
export default defineProvider({
  id: "poe",
  name: "Poe",
  baseUrl: "https://api.poe.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["POE_API_KEY"] },
  source: [
    "https://creator.poe.com/docs/external-applications/openai-compatible-api",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/poe/provider.toml",
  ],
  unchecked: "Which bots answer through Responses.",
});
