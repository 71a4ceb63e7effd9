import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Xiaomi: the MiMo models. */
export default defineProvider({
  id: "xiaomi-mimo",
  name: "Xiaomi MiMo",
  baseUrl: "https://api.xiaomimimo.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "thinking-type" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["XIAOMI_MIMO_API_KEY", "XIAOMI_API_KEY"] },
  source: [
    "https://mimo.mi.com/docs/en-US/api/chat/openai-api",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/xiaomi/provider.toml",
    "https://github.com/BerriAI/litellm/blob/main/litellm/llms/openai_like/providers.json",
  ],
  unchecked: "Its Anthropic API stands at /anthropic, outside this base URL.",
});
