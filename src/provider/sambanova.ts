import { defineProvider } from "./define.ts";

/** SambaNova Cloud: open models on its own chips. */
export default defineProvider({
  id: "sambanova",
  name: "SambaNova",
  baseUrl: "https://api.sambanova.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        embeddings: true,
        "audio.transcriptions": true,
        "audio.translations": true,
      },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        reasoning: "effort",
        efforts: ["low", "medium", "high"],
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
    },
    {
      dialect: "anthropic-messages",
      models: /^gpt-oss/,
      endpoints: { messages: "/messages" },
      headers: { "anthropic-version": "2023-06-01" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["SAMBANOVA_API_KEY"] },
  source: [
    "https://docs.sambanova.ai/docs/en/features/openai-compatibility",
    "https://docs.sambanova.ai/docs/en/features/messages",
  ],
  unchecked:
    "The Messages API was documented for gpt-oss-120b alone when it was read. Its rate-limit headers were not recorded.",
});
