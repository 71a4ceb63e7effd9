import { OPENAI_ONLY_TOOLS } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Helicone AI Gateway: many providers behind one key. */
export default defineProvider({
  id: "helicone",
  name: "Helicone AI Gateway",
  baseUrl: "https://ai-gateway.helicone.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: {
        reasoning: "effort",
        efforts: ["minimal", "low", "medium", "high"],
        refusesContent: OPENAI_ONLY_TOOLS,
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
      quirks: { efforts: ["minimal", "low", "medium", "high"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["HELICONE_API_KEY"] },
  source: [
    "https://docs.helicone.ai/rest/ai-gateway/post-v1-chat-completions",
    "https://docs.helicone.ai/gateway/concepts/reasoning",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/helicone/provider.toml",
  ],
  unchecked: "`reasoning_options.budget_tokens`, its budget, has no style of its own here.",
});
