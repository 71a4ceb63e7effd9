import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** What could not be checked of its chat API, in any region. */
export const MINIMAX_UNCHECKED =
  "Reasoning comes inside `<think>` tags unless `reasoning_split` is asked for. temperature must be above 0 and at most 1.";

/** MiniMax: its own models. */
export default defineProvider({
  id: "minimax",
  name: "MiniMax",
  baseUrl: "https://api.minimax.io/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["MINIMAX_API_KEY"] },
  source: [
    "https://platform.minimax.io/docs/api-reference/text-openai-api",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/minimax/provider.toml",
  ],
  unchecked: `Its Anthropic API stands outside this base URL: see minimax-anthropic. ${MINIMAX_UNCHECKED}`,
});
