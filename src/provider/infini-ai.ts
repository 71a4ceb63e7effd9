import { defineProvider } from "./define.ts";

/** Infinigence GenStudio: open models in China. */
export default defineProvider({
  id: "infini-ai",
  name: "Infinigence",
  baseUrl: "https://cloud.infini-ai.com/maas/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
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
  credential: { header: "authorization", scheme: "Bearer", env: ["INFINI_API_KEY", "INFINIAI_API_KEY"] },
  source: [
    "https://docs.infini-ai.com/gen-studio/api/maas.html",
    "https://github.com/CherryHQ/cherry-studio/blob/main/src/renderer/src/config/providers.ts",
  ],
  unchecked: "Base URL and key variable come from the linked lists; its own reference was not read.",
});
