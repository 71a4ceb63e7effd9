import { COHERE_RERANK } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Jina AI: embeddings in OpenAI's form, where the purpose is a `task` and the encoding an `embedding_type`; rerank in Cohere's.
 * Its inputs of images (`{ image }` beside `{ text }`), `late_chunking` and `normalized` have no word in either form. Rerank
 * sends documents back unless it is told not to, which is harmless.
 */
export default defineProvider({
  id: "jina",
  name: "Jina AI",
  baseUrl: "https://api.jina.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { embeddings: true },
      quirks: {
        refuses: ["user"],
        renames: {
          encoding_format: "embedding_type",
          purpose: "task",
          "purpose=search_query": "retrieval.query",
          "purpose=search_document": "retrieval.passage",
          "purpose=classification": "classification",
          "purpose=clustering": "separation",
        },
      },
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["JINA_API_KEY", "JINA_AI_API_KEY"] },
  source: [
    "https://jina.ai/embeddings/",
    "https://jina.ai/reranker/",
    "https://raw.githubusercontent.com/api-evangelist/jina-ai/refs/heads/main/openapi/jina-ai-reranker-openapi.yml",
  ],
  unchecked: "Names of members are those of public programs that use it; its own reference was not read.",
});
