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
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: [
    "https://docs.openvino.ai/2025/model-server/ovms_docs_rest_api_chat.html",
    "https://docs.openvino.ai/2025/model-server/ovms_docs_rest_api_rerank.html",
  ],
  unchecked: "Which endpoints answer depends on the graphs loaded.",
});
