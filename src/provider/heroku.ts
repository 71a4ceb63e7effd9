import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Heroku Managed Inference: the key belongs to one model. */
export default defineProvider({
  id: "heroku",
  name: "Heroku Managed Inference",
  baseUrl: "https://us.inference.heroku.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "images.generations": true },
      quirks: PLAIN_CHAT,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["INFERENCE_KEY"] },
  source: [
    "https://devcenter.heroku.com/articles/heroku-inference-api-v1-chat-completions",
    "https://devcenter.heroku.com/articles/heroku-inference-api-v1-embeddings",
  ],
  unchecked:
    "INFERENCE_URL gives the host without /v1, so it is not read as a base URL; the region in the host may differ.",
});
