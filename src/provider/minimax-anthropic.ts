import { BUDGETED_MESSAGES } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { COUNTING_UNKNOWN } from "./unchecked.ts";

/** MiniMax (Anthropic API): the same models and key as its OpenAI-compatible API, spoken the Anthropic way. */
export default defineProvider({
  id: "minimax-anthropic",
  name: "MiniMax (Anthropic API)",
  baseUrl: "https://api.minimax.io/anthropic",
  surfaces: [BUDGETED_MESSAGES],
  credential: { header: "authorization", scheme: "Bearer", env: ["MINIMAX_API_KEY"] },
  source: [
    "https://platform.minimax.io/docs/api-reference/text-anthropic-api",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/minimax/provider.toml",
  ],
  unchecked: COUNTING_UNKNOWN,
});
