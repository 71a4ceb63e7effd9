import { defineProvider } from "./define.ts";

/** Arcee Conductor: routing between small and large models. */
export default defineProvider({
  id: "arcee",
  name: "Arcee AI",
  baseUrl: "https://conductor.arcee.ai/v1",
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
  credential: { header: "authorization", scheme: "Bearer", env: ["ARCEE_API_KEY", "ARCEEAI_API_KEY"] },
  source: "https://docs.arcee.ai/",
  unchecked: "The base URL was seen in public programs; its page was not read.",
});
