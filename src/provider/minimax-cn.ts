import { defineProvider } from "./define.ts";

/** MiniMax (China): its own models. */
export default defineProvider({
  id: "minimax-cn",
  name: "MiniMax (China)",
  baseUrl: "https://api.minimaxi.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["MINIMAX_API_KEY"] },
  source: [
    "https://platform.minimaxi.com/docs/guides/quickstart",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/minimax-cn/provider.toml",
  ],
  unchecked:
    "Its Anthropic API stands outside this base URL: see minimax-cn-anthropic. Reasoning comes inside <think> tags unless `reasoning_split` is asked for. temperature must be above 0 and at most 1.",
});
