import { ADDED_SAMPLING } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

export default defineProvider({
  id: "openai",
  name: "OpenAI",
  baseUrl: "https://api.openai.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      quirks: {
        reasoning: "effort",
        refuses: ADDED_SAMPLING,
        refusesContent: ["file-url", "video-data", "video-url", "cache-hint"],
      },
    },
    { dialect: "openai-responses" },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["OPENAI_API_KEY"] },
  rateLimitHeaders: ["x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"],
  source: ["https://platform.openai.com/docs/api-reference/authentication"],
});
