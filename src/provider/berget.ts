import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Berget AI: open models in Sweden. */
export default defineProvider({
  id: "berget",
  name: "Berget AI",
  baseUrl: "https://api.berget.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["BERGET_API_KEY"] },
  source: ["https://docs.berget.ai", "https://github.com/anomalyco/models.dev/blob/dev/providers/berget/provider.toml"],
  unchecked: REFUSALS_UNKNOWN,
});
