import { PLAIN_CHAT } from "./compatible-apis.ts";
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
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["none", "low", "medium", "high", "xhigh"] },
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
