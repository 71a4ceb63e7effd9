import { defineProvider } from "./define.ts";

/** DeepInfra: open models. */
export default defineProvider({
  id: "deepinfra",
  name: "DeepInfra",
  baseUrl: "https://api.deepinfra.com/v1/openai",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        completions: true,
        embeddings: true,
        "images.generations": true,
        "audio.speech": true,
        "audio.transcriptions": true,
      },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        reasoning: "effort",
        efforts: ["none", "low", "medium", "high", "xhigh"],
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"] },
  source: [
    "https://docs.deepinfra.com/api-reference/chat-completions/openai-chat-completions",
    "https://docs.deepinfra.com/chat/reasoning",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/deepinfra/provider.toml",
  ],
  unchecked: "Its Anthropic API (/anthropic/v1/messages) and rerank (/v1/inference/…) stand outside this base URL.",
});
