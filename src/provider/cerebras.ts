import { ADDED_SAMPLING, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Cerebras: open models on its own chips.
 * frequency_penalty, logit_bias and presence_penalty are answered with 400 (OpenAI compatibility page). The reset
 * headers are seconds (recorded).
 */
export default defineProvider({
  id: "cerebras",
  name: "Cerebras",
  baseUrl: "https://api.cerebras.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: {
        refuses: ["frequencyPenalty", "logitBias", "presencePenalty", ...ADDED_SAMPLING],
        reasoning: "effort",
        refusesContent: PLAIN_CHAT.refusesContent,
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["CEREBRAS_API_KEY"] },
  rateLimitHeaders: ["x-ratelimit-reset-requests-day", "x-ratelimit-reset-tokens-minute"],
  source: [
    "https://inference-docs.cerebras.ai/resources/openai",
    "https://inference-docs.cerebras.ai/capabilities/reasoning",
  ],
  unchecked:
    "parallel_tool_calls and service_tier were refused in earlier versions of that page and are documented parameters now; they are not listed.",
});
