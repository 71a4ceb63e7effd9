import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Morph: models that apply code edits. */
export default defineProvider({
  id: "morph",
  name: "Morph",
  baseUrl: "https://api.morphllm.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["MORPH_API_KEY"] },
  source: [
    "https://docs.morphllm.com/api-reference/introduction",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/morph/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
