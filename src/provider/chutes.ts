import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/**
 * Chutes: open models on a decentralised network.
 * chat_template_kwargs is passed to each model's template: enable_thinking for Qwen and Gemma, `thinking` for Kimi,
 * GLM and DeepSeek.
 */
export default defineProvider({
  id: "chutes",
  name: "Chutes",
  baseUrl: "https://llm.chutes.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: { ...PLAIN_CHAT, reasoning: "chat-template" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["CHUTES_API_KEY", "CHUTES_API_TOKEN"] },
  source: [
    "https://chutes.ai/docs/guides/reasoning-models",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/chutes/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
