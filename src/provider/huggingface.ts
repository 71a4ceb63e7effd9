import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { DEPENDS_ON_UPSTREAM } from "./unchecked.ts";

/** Hugging Face's router: open models at many providers, named model or model:provider. */
export default defineProvider({
  id: "huggingface",
  name: "Hugging Face Inference Providers",
  baseUrl: "https://router.huggingface.co/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["HF_TOKEN", "HUGGINGFACE_API_KEY"] },
  source: [
    "https://huggingface.co/docs/inference-providers",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/huggingface/provider.toml",
  ],
  unchecked: `${DEPENDS_ON_UPSTREAM} Embeddings have a task API of their own.`,
});
