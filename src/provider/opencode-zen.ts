import { ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** OpenCode Zen: models for coding agents; each family speaks its lab's own API. */
export default defineProvider({
  id: "opencode-zen",
  name: "OpenCode Zen",
  baseUrl: "https://opencode.ai/zen/v1",
  surfaces: [
    {
      dialect: "anthropic-messages",
      models: /^(claude|qwen)/,
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
    {
      dialect: "openai-responses",
      models: /^gpt-/,
      endpoints: { responses: true },
    },
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { refusesContent: PLAIN_CHAT.refusesContent },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["OPENCODE_API_KEY", "OPENCODE_ZEN_API_KEY"] },
  source: [
    "https://opencode.ai/docs/zen",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/opencode/provider.toml",
  ],
  unchecked: "Which Qwen models speak the Messages API; Gemini models have a path of their own and are left out.",
});
