import { ADDED_SAMPLING, ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider, type ProviderDefinition } from "./define.ts";

/** Chat takes reasoning_effort, Messages output_config.effort, Responses reasoning.effort (step-3.7-flash). */
export const STEPFUN_APIS: ProviderDefinition["surfaces"] = [
  {
    dialect: "openai-chat",
    endpoints: { "chat.completions": true },
    quirks: { ...PLAIN_CHAT, refuses: ADDED_SAMPLING, reasoning: "effort", efforts: ["low", "medium", "high"] },
  },
  {
    dialect: "openai-responses",
    endpoints: { responses: true },
    quirks: { efforts: ["low", "medium", "high"] },
  },
  {
    dialect: "anthropic-messages",
    endpoints: { messages: "/messages" },
    headers: ANTHROPIC_VERSION_HEADER,
    quirks: { reasoning: "effort-only", efforts: ["low", "medium", "high"] },
  },
];

export const STEPFUN_UNCHECKED = "Speech and images, which it serves too, are left out: their paths are not known.";

/** StepFun (China): the Step models. */
export default defineProvider({
  id: "stepfun",
  name: "StepFun (China)",
  baseUrl: "https://api.stepfun.com/v1",
  surfaces: STEPFUN_APIS,
  credential: { header: "authorization", scheme: "Bearer", env: ["STEPFUN_API_KEY"] },
  source: [
    "https://platform.stepfun.com/docs/zh/api-reference/chat/chat-completion-create",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/stepfun/provider.toml",
  ],
  unchecked: STEPFUN_UNCHECKED,
});
