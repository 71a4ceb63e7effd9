import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_LISTS } from "./unchecked.ts";

/** Infinigence GenStudio: open models in China. */
export default defineProvider({
  id: "infini-ai",
  name: "Infinigence",
  baseUrl: "https://cloud.infini-ai.com/maas/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["INFINI_API_KEY", "INFINIAI_API_KEY"] },
  source: [
    "https://docs.infini-ai.com/gen-studio/api/maas.html",
    "https://github.com/CherryHQ/cherry-studio/blob/main/src/renderer/src/config/providers.ts",
  ],
  unchecked: ADDRESS_FROM_LISTS,
});
