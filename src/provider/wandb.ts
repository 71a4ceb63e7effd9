import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Weights & Biases Inference: open models on CoreWeave. */
export default defineProvider({
  id: "wandb",
  name: "W&B Inference",
  baseUrl: "https://api.inference.wandb.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "chat-template" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["WANDB_API_KEY"] },
  source: [
    "https://docs.wandb.ai/inference/response-settings/reasoning",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/wandb/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
