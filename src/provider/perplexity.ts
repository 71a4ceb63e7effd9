import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/**
 * Perplexity: answers from the web, and an agent API with other labs' models.
 * Embeddings and Responses stand under /v1, chat completions do not (recorded).
 */
export default defineProvider({
  id: "perplexity",
  name: "Perplexity",
  baseUrl: "https://api.perplexity.ai",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: "/v1/embeddings" },
      quirks: {
        renames: PLAIN_CHAT.renames,
        reasoning: "effort",
        efforts: ["minimal", "low", "medium", "high"],
        refusesContent: ["cache-hint", "custom-tool"],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: "/v1/responses" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY"] },
  source: ["https://docs.perplexity.ai/api-reference/sonar-post", "https://docs.perplexity.ai/docs/agent-api/models"],
  unchecked: `Which models take tools; tool calls are not documented for the Sonar models. ${ADDRESS_FROM_PROGRAMS}`,
});
