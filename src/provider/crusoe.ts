import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Crusoe Managed Inference: open models. */
export default defineProvider({
  id: "crusoe",
  name: "Crusoe Managed Inference",
  baseUrl: "https://api.inference.crusoecloud.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["CRUSOE_API_KEY"] },
  source: [
    "https://docs.crusoecloud.com/managed-inference/overview",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/crusoe/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
