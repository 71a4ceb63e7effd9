import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** A dedicated endpoint at Hugging Face (TGI, vLLM, SGLang …): `base_url` is its URL with /v1 behind it. */
export default defineProvider({
  id: "huggingface-endpoints",
  name: "Hugging Face Inference Endpoints",
  baseUrl: null,
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["HF_TOKEN"] },
  source: [
    "https://huggingface.co/docs/inference-endpoints/index",
    "https://huggingface.co/learn/cookbook/enterprise_dedicated_endpoints",
  ],
  unchecked: "Which endpoints and parameters there are depends on the container that was chosen.",
});
