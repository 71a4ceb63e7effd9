import { ANTHROPIC_VERSION_HEADER, COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/**
 * OpenRouter: many providers behind one key.
 * x-ratelimit-reset is milliseconds since 1970 (recorded), unlike other providers' durations.
 */
export default defineProvider({
  id: "openrouter",
  name: "OpenRouter",
  baseUrl: "https://openrouter.ai/api/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        completions: true,
        embeddings: true,
        "audio.speech": true,
        "audio.transcriptions": true,
      },
      quirks: {
        renames: PLAIN_CHAT.renames,
        reasoning: "reasoning-object",
        refusesContent: ["custom-tool"],
      },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["OPENROUTER_API_KEY"] },
  rateLimitHeaders: ["x-ratelimit-reset"],
  source: [
    "https://openrouter.ai/docs/api-reference/overview",
    "https://openrouter.ai/docs/use-cases/reasoning-tokens",
  ],
  unchecked: `What a parameter does depends on the upstream it picks; \`provider.require_parameters\` in the request makes it choose only those that know all of them. ${ADDRESS_FROM_PROGRAMS}`,
});
