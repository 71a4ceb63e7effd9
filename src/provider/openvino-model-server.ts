import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** OpenVINO Model Server at the port its documentation uses; OpenAI's API stands under /v3. */
export default defineProvider({
  id: "openvino-model-server",
  name: "OpenVINO Model Server",
  baseUrl: "http://localhost:8000/v3",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true, "images.generations": true },
      quirks: PLAIN_CHAT,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: [
    "https://docs.openvino.ai/2025/model-server/ovms_docs_rest_api_chat.html",
    "https://docs.openvino.ai/2025/model-server/ovms_docs_rest_api_rerank.html",
  ],
  unchecked: "Which endpoints answer depends on the graphs loaded.",
});
