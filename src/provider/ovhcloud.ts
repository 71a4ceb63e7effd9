import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** OVHcloud AI Endpoints: open models in Europe. */
export default defineProvider({
  id: "ovhcloud",
  name: "OVHcloud AI Endpoints",
  baseUrl: "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "audio.transcriptions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort" },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["OVHCLOUD_API_KEY", "OVH_AI_ENDPOINTS_ACCESS_TOKEN"] },
  source: [
    "https://www.ovhcloud.com/en/public-cloud/ai-endpoints/catalog/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/ovhcloud/provider.toml",
  ],
  unchecked: "reasoning_effort is documented for gpt-oss; Qwen3 is steered by words in the prompt.",
});
