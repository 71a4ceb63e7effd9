import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Synthetic: open models for a subscription. */
export default defineProvider({
  id: "synthetic",
  name: "Synthetic",
  baseUrl: "https://api.synthetic.new/openai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["SYNTHETIC_API_KEY"] },
  source: [
    "https://dev.synthetic.new/docs/api/overview",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/synthetic/provider.toml",
    "https://github.com/BerriAI/litellm/blob/main/litellm/llms/openai_like/providers.json",
  ],
  unchecked: "Its Anthropic API stands at /anthropic/v1, outside this base URL.",
});
