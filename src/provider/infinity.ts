import { COHERE_RERANK } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/**
 * Infinity, a server for embeddings and rerank, at its default port.
 * Paths have no /v1 unless started with a url prefix.
 */
export default defineProvider({
  id: "infinity",
  name: "Infinity",
  baseUrl: "http://localhost:7997",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { embeddings: true },
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["INFINITY_API_KEY"] },
  isKeyOptional: true,
  source: "https://github.com/michaelfeil/infinity",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
