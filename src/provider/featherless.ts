import { defineProvider } from "./define.ts";

/** Featherless AI: open models from Hugging Face. */
export default defineProvider({
  id: "featherless",
  name: "Featherless AI",
  baseUrl: "https://api.featherless.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["FEATHERLESS_API_KEY", "FEATHERLESS_AI_API_KEY"] },
  source: [
    "https://featherless.ai/docs/api-overview-and-common-options",
    "https://github.com/BerriAI/litellm/blob/main/litellm/constants.py",
  ],
  unchecked:
    "Which of OpenAI's parameters it refuses was not found in its documentation. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
