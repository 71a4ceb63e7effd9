import { defineProvider } from "./define.ts";

/**
 * Moonshot AI: the Kimi models.
 * kimi-k2.5 and kimi-k2.6 switch reasoning with `thinking.type`; kimi-k2.7-code always reasons, older ones have no
 * setting. No effort, no budget.
 */
export default defineProvider({
  id: "moonshot",
  name: "Moonshot AI",
  baseUrl: "https://api.moonshot.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      models: /^kimi-k2\.(5|6)/,
      endpoints: { "chat.completions": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refuses: ["topK", "minP", "repetitionPenalty"],
        reasoning: "thinking-type",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refuses: ["topK", "minP", "repetitionPenalty"],
        reasoning: "none",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["MOONSHOT_API_KEY"] },
  source: [
    "https://platform.moonshot.ai/docs/api/chat",
    "https://platform.kimi.ai/docs/api/overview.md",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/moonshotai/provider.toml",
  ],
  unchecked:
    "Its Anthropic API stands at https://api.moonshot.ai/anthropic, outside this base URL: see moonshot-anthropic. temperature is bounded by 1.",
});
