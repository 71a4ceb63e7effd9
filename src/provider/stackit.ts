import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** STACKIT AI Model Serving: open models in Germany. */
export default defineProvider({
  id: "stackit",
  name: "STACKIT AI Model Serving",
  baseUrl: "https://api.openai-compat.model-serving.eu01.onstackit.cloud/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: {
    header: "authorization",
    scheme: "Bearer",
    env: ["STACKIT_API_KEY", "STACKIT_MODEL_SERVING_AUTH_TOKEN"],
  },
  source: [
    "https://docs.stackit.cloud/products/data-and-ai/ai-model-serving/basics/available-shared-models",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/stackit/provider.toml",
  ],
  unchecked: "No setting for reasoning is documented.",
});
