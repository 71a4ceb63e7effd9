import { defineProvider } from "./define.ts";

/**
 * StepFun (global): the Step models.
 * Chat takes reasoning_effort, Messages output_config.effort, Responses reasoning.effort (step-3.7-flash).
 */
export default defineProvider({
  id: "stepfun-ai",
  name: "StepFun (global)",
  baseUrl: "https://api.stepfun.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refuses: ["topK", "minP", "repetitionPenalty"],
        reasoning: "effort",
        efforts: ["low", "medium", "high"],
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
      quirks: { efforts: ["low", "medium", "high"] },
    },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: { "anthropic-version": "2023-06-01" },
      quirks: { reasoning: "effort-only", efforts: ["low", "medium", "high"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["STEPFUN_API_KEY"] },
  source: [
    "https://platform.stepfun.ai/docs/en/api-reference/chat/chat-completion-create",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/stepfun-ai/provider.toml",
  ],
  unchecked: "Speech and images are served too but their paths were not read.",
});
