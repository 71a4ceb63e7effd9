import { defineProvider } from "./define.ts";
import { makeWatsonxAuthorizer } from "./watsonx-token.ts";

/** IBM watsonx.ai's model gateway: OpenAI's own API in front of the models that were registered there. */
export default defineProvider({
  id: "watsonx-gateway",
  name: "IBM watsonx.ai model gateway",
  baseUrl: "https://{region}.ml.cloud.ibm.com/ml/gateway/v1",
  surfaces: [{ dialect: "openai-chat", endpoints: { "chat.completions": true, completions: true, embeddings: true } }],
  credential: {
    header: "authorization",
    scheme: "Bearer",
    env: ["WATSONX_APIKEY", "WATSONX_API_KEY", "WATSONX_AI_APIKEY"],
  },
  makeAuthorizer: makeWatsonxAuthorizer,
  settings: [{ key: "region", env: ["WATSONX_REGION"], default: "us-south", expected: "a region such as eu-de" }],
  source: ["https://github.com/IBM/watsonx-ai-node-sdk", "https://github.com/IBM/watsonx-ai-python-sdk"],
  unchecked:
    "Paths are those of IBM's SDKs. Where a project or space is wanted, set the header X-IBM-PROJECT-ID or X-IBM-SPACE-ID under headers.",
});
