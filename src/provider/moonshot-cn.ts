import { defineProvider } from "./define.ts";
import { KIMI_CHAT } from "./moonshot.ts";

/** Moonshot AI (China): the Kimi models. */
export default defineProvider({
  id: "moonshot-cn",
  name: "Moonshot AI (China)",
  baseUrl: "https://api.moonshot.cn/v1",
  surfaces: KIMI_CHAT,
  credential: { header: "authorization", scheme: "Bearer", env: ["MOONSHOT_API_KEY"] },
  source: [
    "https://platform.moonshot.cn/docs/api/chat",
    "https://platform.kimi.com/docs/api/chat",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/moonshotai-cn/provider.toml",
  ],
  unchecked:
    "Its Anthropic API stands at https://api.moonshot.cn/anthropic, outside this base URL. temperature is bounded by 1.",
});
