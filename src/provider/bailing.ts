import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Ant Group: the Ling and Ring models. */
export default defineProvider({
  id: "bailing",
  name: "Ant Bailing",
  baseUrl: "https://api.tbox.cn/api/llm/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["BAILING_API_TOKEN"] },
  source: [
    "https://alipaytbox.yuque.com/sxs0ba/ling/intro",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/bailing/provider.toml",
  ],
  unchecked: "No setting for reasoning is documented.",
});
