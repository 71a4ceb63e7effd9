import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Atlas Cloud: open models. */
export default defineProvider({
  id: "atlascloud",
  name: "Atlas Cloud",
  baseUrl: "https://api.atlascloud.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: {
        ...PLAIN_CHAT,
        reasoning: "effort",
        efforts: ["none", "minimal", "low", "medium", "high", "xhigh", "max"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ATLASCLOUD_API_KEY"] },
  source: [
    "https://atlascloud.ai/docs",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/atlascloud/provider.toml",
  ],
  unchecked: "MiniMax models refuse the toggles that others take; reasoning_effort alone is used.",
});
