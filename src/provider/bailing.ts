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
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["BAILING_API_TOKEN"] },
  source: [
    "https://alipaytbox.yuque.com/sxs0ba/ling/intro",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/bailing/provider.toml",
  ],
  unchecked: "No setting for reasoning is documented.",
});
