import { defineProvider } from "./define.ts";

/** LocalAI at its default port. */
export default defineProvider({
  id: "localai",
  name: "LocalAI",
  baseUrl: "http://localhost:8080/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        completions: true,
        embeddings: true,
        "images.generations": true,
        "audio.transcriptions": true,
        "audio.speech": true,
      },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "cohere",
      endpoints: { "cohere.rerank": "/rerank", "cohere.rerank.v1": "/rerank" },
      quirks: { refuses: ["maxTokensPerDocument"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["LOCALAI_API_KEY"] },
  isKeyOptional: true,
  source: "https://localai.io/features/",
  unchecked:
    "Which endpoints answer depends on the backends installed. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
