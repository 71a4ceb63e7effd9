import { BUDGETED_MESSAGES } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { COUNTING_UNKNOWN } from "./unchecked.ts";

/**
 * MiniMax China (Anthropic API): the same models and key as its OpenAI-compatible API, spoken the Anthropic way.
 */
export default defineProvider({
  id: "minimax-cn-anthropic",
  name: "MiniMax China (Anthropic API)",
  baseUrl: "https://api.minimaxi.com/anthropic",
  surfaces: [BUDGETED_MESSAGES],
  credential: { header: "authorization", scheme: "Bearer", env: ["MINIMAX_API_KEY"] },
  source: [
    "https://platform.minimaxi.com/docs/guides/quickstart",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/minimax-cn/provider.toml",
  ],
  unchecked: COUNTING_UNKNOWN,
});
