import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Gitee AI (Moark): open models in China. */
export default defineProvider({
  id: "gitee-ai",
  name: "Gitee AI",
  baseUrl: "https://ai.gitee.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "images.generations": true },
      quirks: PLAIN_CHAT,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["GITEE_AI_API_KEY", "GITEEAI_API_KEY"] },
  source: "https://ai.gitee.com/docs/products/apis",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
