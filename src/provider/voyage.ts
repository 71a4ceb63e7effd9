import { defineProvider } from "./define.ts";

/**
 * Voyage AI: embeddings in OpenAI's form with names of its own, rerank in Cohere's with `top_k` and the results in `data`.
 * Of Cohere's purposes it knows search_query and search_document; the others are left out. Its `truncation`, its quantised
 * `output_dtype` and its multimodal and contextualised embeddings (endpoints of their own) have no word in either form.
 */
export default defineProvider({
  id: "voyage",
  name: "Voyage AI",
  baseUrl: "https://api.voyageai.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { embeddings: true },
      quirks: {
        refuses: ["user"],
        renames: {
          dimensions: "output_dimension",
          purpose: "input_type",
          "purpose=search_query": "query",
          "purpose=search_document": "document",
          // Floats are what it gives when nothing is said; "float" is refused.
          "encoding_format=base64": "base64",
        },
      },
    },
    {
      dialect: "cohere",
      endpoints: { "cohere.rerank": "/rerank", "cohere.rerank.v1": "/rerank" },
      quirks: { refuses: ["maxTokensPerDocument"], renames: { top_n: "top_k" } },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["VOYAGE_API_KEY"] },
  source: [
    "https://docs.voyageai.com/reference/embeddings-api",
    "https://docs.voyageai.com/reference/reranker-api",
    "https://www.mongodb.com/docs/api/doc/atlas-embedding-and-reranking-api/operation/operation-createembedding",
  ],
});
