import { defineProvider } from "./define.ts";

/** Meituan: the LongCat models. */
export default defineProvider({
  id: "longcat",
  name: "LongCat",
  baseUrl: "https://api.longcat.chat/openai/v1",
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
  credential: { header: "authorization", scheme: "Bearer", env: ["LONGCAT_API_KEY"] },
  source: "https://longcat.chat/platform/docs/",
  unchecked:
    "Its Anthropic API stands at /anthropic, outside this base URL. The base URL was seen in public programs; its page was not read.",
});
