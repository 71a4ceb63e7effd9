import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Vultr Serverless Inference: open models. */
export default defineProvider({
  id: "vultr",
  name: "Vultr Serverless Inference",
  baseUrl: "https://api.vultrinference.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "reasoning-object" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["VULTR_API_KEY"] },
  source: [
    "https://api.vultrinference.com/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/vultr/provider.toml",
  ],
  unchecked: "Which other endpoints it serves.",
});
