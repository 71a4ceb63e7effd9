import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Oracle Cloud's Generative AI service by its own API keys (not those of OCI's identity service, which sign requests). */
export default defineProvider({
  id: "oci-generative-ai",
  name: "OCI Generative AI",
  baseUrl: "https://inference.generativeai.{region}.oci.oraclecloud.com/20231130/actions/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { refusesContent: PLAIN_CHAT.refusesContent },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["OCI_GENAI_API_KEY"] },
  settings: [{ key: "region", env: ["OCI_REGION"], default: null, expected: "an OCI region such as us-chicago-1" }],
  source: [
    "https://docs.oracle.com/iaas/Content/generative-ai/api-keys.htm",
    "https://docs.oracle.com/en-us/iaas/Content/generative-ai/openai-compatible-api.htm",
  ],
  unchecked:
    "The newer base URL ends in /openai/v1 (set base_url). The variables' names are those of programs that use it. Embeddings and rerank take signed requests alone.",
});
