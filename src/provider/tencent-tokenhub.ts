import { defineProvider } from "./define.ts";

/** Tencent TokenHub: many labs' models. */
export default defineProvider({
  id: "tencent-tokenhub",
  name: "Tencent TokenHub",
  baseUrl: "https://tokenhub.tencentmaas.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        reasoning: "thinking-type",
        efforts: ["low", "medium", "high"],
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["TENCENT_TOKENHUB_API_KEY"] },
  source: [
    "https://cloud.tencent.com/document/product/1823/130079",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/tencent-tokenhub/provider.toml",
  ],
  unchecked: "Which of OpenAI's parameters it refuses was not found in its documentation.",
});
