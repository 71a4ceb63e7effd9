import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { MINIMAX_UNCHECKED } from "./minimax.ts";

/** MiniMax (China): its own models. */
export default defineProvider({
  id: "minimax-cn",
  name: "MiniMax (China)",
  baseUrl: "https://api.minimaxi.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["MINIMAX_API_KEY"] },
  source: [
    "https://platform.minimaxi.com/docs/guides/quickstart",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/minimax-cn/provider.toml",
  ],
  unchecked: `Its Anthropic API stands outside this base URL: see minimax-cn-anthropic. ${MINIMAX_UNCHECKED}`,
});
