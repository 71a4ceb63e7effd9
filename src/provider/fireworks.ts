import { ANTHROPIC_VERSION_HEADER, COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Fireworks AI: open models. */
export default defineProvider({
  id: "fireworks",
  name: "Fireworks AI",
  baseUrl: "https://api.fireworks.ai/inference/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["none", "low", "medium", "high"] },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"] },
  source: [
    "https://docs.fireworks.ai/guides/reasoning",
    "https://docs.fireworks.ai/api-reference/post-chatcompletions",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/fireworks-ai/provider.toml",
  ],
  unchecked: "Audio is served from hosts of its own and left out.",
});
