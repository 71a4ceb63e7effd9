import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Inference.net: open models. */
export default defineProvider({
  id: "inference-net",
  name: "Inference.net",
  baseUrl: "https://api.inference.net/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["INFERENCE_API_KEY", "INFERENCE_NET_API_KEY"] },
  source: [
    "https://docs.inference.net/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/inference/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
