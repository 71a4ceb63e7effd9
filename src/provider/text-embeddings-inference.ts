import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Hugging Face Text Embeddings Inference at the port its container is documented with. */
export default defineProvider({
  id: "text-embeddings-inference",
  name: "Text Embeddings Inference",
  baseUrl: "http://localhost:8080/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { embeddings: true },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://huggingface.co/docs/text-embeddings-inference/en/quick_tour",
  unchecked: `Its rerank has a shape of its own and is left out. ${ADDRESS_FROM_PROGRAMS}`,
});
