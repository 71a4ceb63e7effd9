import { defineProvider } from "./define.ts";
import { makeSapAuthorizer } from "./sap-ai-core-token.ts";

/**
 * SAP AI Core's generative AI hub: the model's name is the id of a deployment of one of OpenAI's models. `base_url` is the service
 * key's AI_API_URL with /v2 behind it, as in SAP's SDKs; `api_key` is the whole service key.
 */
export default defineProvider({
  id: "sap-ai-core",
  name: "SAP AI Core",
  baseUrl: null,
  baseUrlEnv: "AICORE_BASE_URL",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": "/inference/deployments/{model}/chat/completions",
        embeddings: "/inference/deployments/{model}/embeddings",
      },
      query: "api-version={api_version}",
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["AICORE_SERVICE_KEY"] },
  makeAuthorizer: makeSapAuthorizer,
  headers: { "ai-resource-group": "default" },
  settings: [{ key: "api_version", env: [], default: "2024-10-21", expected: "an API version such as 2024-10-21" }],
  source: ["https://sap.github.io/ai-sdk/docs/js/v1/foundation-models", "https://github.com/SAP/ai-sdk-js"],
  unchecked:
    "Paths, API version and resource group are those of SAP's SDK. Deployments of Claude, Nova and Gemini have other paths (invoke, converse, models/NAME:generateContent below the deployment) and are not served, nor is the orchestration service. Another resource group: set AI-Resource-Group under headers.",
});
