import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * NVIDIA NIM in NVIDIA's own cloud (build.nvidia.com).
 * Each model's request schema is closed (additionalProperties: false), so hints that only OpenAI knows are left out.
 * How reasoning is asked for differs by model; most take chat_template_kwargs.
 */
export default defineProvider({
  id: "nvidia",
  name: "NVIDIA API catalog",
  baseUrl: "https://integrate.api.nvidia.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: {
        ...PLAIN_CHAT,
        refuses: [
          "user",
          "metadata",
          "serviceTier",
          "promptCacheKey",
          "promptCacheRetention",
          "isStored",
          "verbosity",
          "prediction",
        ],
        reasoning: "chat-template",
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["NVIDIA_API_KEY", "NVIDIA_NIM_API_KEY"] },
  source: [
    "https://docs.api.nvidia.com/nim/reference/llm-apis",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/nvidia/provider.toml",
  ],
  unchecked: "Embedding models want an input_type that OpenAI's API has no word for; rerank lives on another host.",
});
