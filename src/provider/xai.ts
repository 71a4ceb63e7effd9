import { ADDED_SAMPLING, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Reasoning models answer presence_penalty, frequency_penalty and stop with an error (reasoning guide). */
const NOT_WITH_REASONING = ["frequencyPenalty", "presencePenalty", "stop", ...ADDED_SAMPLING];

/**
 * xAI: the Grok models.
 * reasoning_effort is an error for all but grok-3-mini (low, high) and grok-4.3 (reasoning guide; a recorded 400 for
 * grok-code-fast-1).
 */
export default defineProvider({
  id: "xai",
  name: "xAI",
  baseUrl: "https://api.x.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      models: /^grok-3-mini/,
      endpoints: { "chat.completions": true },
      quirks: {
        refuses: NOT_WITH_REASONING,
        reasoning: "effort",
        efforts: ["low", "high"],
        refusesContent: PLAIN_CHAT.refusesContent,
      },
    },
    {
      dialect: "openai-chat",
      models: /^grok-4\.3/,
      endpoints: { "chat.completions": true },
      quirks: {
        refuses: NOT_WITH_REASONING,
        reasoning: "effort",
        refusesContent: PLAIN_CHAT.refusesContent,
      },
    },
    {
      dialect: "openai-chat",
      models: /^grok-(4|code)/,
      endpoints: { "chat.completions": true },
      quirks: {
        refuses: NOT_WITH_REASONING,
        reasoning: "none",
        refusesContent: PLAIN_CHAT.refusesContent,
      },
    },
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, "images.generations": true },
      quirks: {
        refuses: ADDED_SAMPLING,
        reasoning: "none",
        refusesContent: PLAIN_CHAT.refusesContent,
      },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["XAI_API_KEY"] },
  source: ["https://docs.x.ai/docs/guides/reasoning", "https://docs.x.ai/docs/api-reference"],
  unchecked:
    "Its rate-limit headers tell limits and what remains, not when they reset (recorded). The Anthropic-compatible endpoint is deprecated and left out.",
});
