import { ANTHROPIC_VERSION_HEADER, COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** AIHubMix: many labs' models behind one key. */
export default defineProvider({
  id: "aihubmix",
  name: "AIHubMix",
  baseUrl: "https://aihubmix.com/v1",
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
        reasoning: "effort",
        efforts: ["none", "minimal", "low", "medium", "high", "xhigh"],
        refusesContent: PLAIN_CHAT.refusesContent,
      },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["AIHUBMIX_API_KEY"] },
  source: [
    "https://docs.aihubmix.com/cn/api/unified-inference",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/aihubmix/provider.toml",
    "https://github.com/BerriAI/litellm/blob/main/litellm/llms/openai_like/providers.json",
  ],
  unchecked: "Its Gemini API stands outside this base URL.",
});
