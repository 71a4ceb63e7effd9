import { ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
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
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["low", "medium", "high"] },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      models: /^gpt-oss/,
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["SAMBANOVA_API_KEY"] },
  source: [
    "https://docs.sambanova.ai/docs/en/features/openai-compatibility",
    "https://docs.sambanova.ai/docs/en/features/messages",
  ],
  unchecked: "The Messages API is documented for gpt-oss-120b alone. What its rate-limit headers say.",
});
