import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Together AI: open models. */
export default defineProvider({
  id: "together",
  name: "Together AI",
  baseUrl: "https://api.together.xyz/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        completions: true,
        embeddings: true,
        "images.generations": true,
        "audio.speech": true,
        "audio.transcriptions": true,
        "audio.translations": true,
      },
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["low", "medium", "high"] },
    },
    COHERE_RERANK,
  ],
  credential: {
    header: "authorization",
    scheme: "Bearer",
    env: ["TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY"],
  },
  rateLimitHeaders: ["x-ratelimit-reset"],
  source: [
    "https://docs.together.ai/reference/chat-completions",
    "https://docs.together.ai/docs/inference/chat/reasoning",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/togetherai/provider.toml",
  ],
  unchecked: "`reasoning: { enabled }`, its switch for hybrid models, has no style of its own here.",
});
