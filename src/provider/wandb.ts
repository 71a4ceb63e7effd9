import { defineProvider } from "./define.ts";

/** Weights & Biases Inference: open models on CoreWeave. */
export default defineProvider({
  id: "wandb",
  name: "W&B Inference",
  baseUrl: "https://api.inference.wandb.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        reasoning: "chat-template",
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["WANDB_API_KEY"] },
  source: [
    "https://docs.wandb.ai/inference/response-settings/reasoning",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/wandb/provider.toml",
  ],
  unchecked: "Which of OpenAI's parameters it refuses was not found in its documentation.",
});
