import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Friendli Model APIs (serverless): open models. */
export default defineProvider({
  id: "friendli",
  name: "Friendli",
  baseUrl: "https://api.friendli.ai/serverless/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["minimal", "low", "medium", "high", "xhigh", "max"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["FRIENDLI_TOKEN", "FRIENDLIAI_API_KEY"] },
  source: [
    "https://friendli.ai/docs/openapi/model-apis/chat-completions",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/friendli/provider.toml",
  ],
  unchecked: "`reasoning_budget`, its cap in tokens, has no style of its own here.",
});
