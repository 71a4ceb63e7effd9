import { defineProvider } from "./define.ts";

/**
 * xAI: the Grok models.
 * Reasoning models answer presence_penalty, frequency_penalty and stop with an error; reasoning_effort is an error
 * for all but grok-3-mini (low, high) and grok-4.3 (reasoning guide; a recorded 400 for grok-code-fast-1).
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
        refuses: ["frequencyPenalty", "presencePenalty", "stop", "topK", "minP", "repetitionPenalty"],
        reasoning: "effort",
        efforts: ["low", "high"],
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-chat",
      models: /^grok-4\.3/,
      endpoints: { "chat.completions": true },
      quirks: {
        refuses: ["frequencyPenalty", "presencePenalty", "stop", "topK", "minP", "repetitionPenalty"],
        reasoning: "effort",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-chat",
      models: /^grok-(4|code)/,
      endpoints: { "chat.completions": true },
      quirks: {
        refuses: ["frequencyPenalty", "presencePenalty", "stop", "topK", "minP", "repetitionPenalty"],
        reasoning: "none",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, "images.generations": true },
      quirks: {
        refuses: ["topK", "minP", "repetitionPenalty"],
        reasoning: "none",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["XAI_API_KEY"] },
  source: ["https://docs.x.ai/docs/guides/reasoning", "https://docs.x.ai/docs/api-reference"],
  unchecked:
    "Its rate-limit headers tell limits and what remains, not when they reset (recorded). The Anthropic-compatible endpoint is deprecated and left out.",
});
