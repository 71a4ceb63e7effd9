import { defineProvider } from "./define.ts";

/** MiniMax: its own models. */
export default defineProvider({
  id: "minimax",
  name: "MiniMax",
  baseUrl: "https://api.minimax.io/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["MINIMAX_API_KEY"] },
  source: [
    "https://platform.minimax.io/docs/api-reference/text-openai-api",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/minimax/provider.toml",
  ],
  unchecked:
    "Its Anthropic API stands outside this base URL: see minimax-anthropic. Reasoning comes inside <think> tags unless `reasoning_split` is asked for. temperature must be above 0 and at most 1.",
});
