import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** RunPod Serverless: a vLLM worker of one's own. */
export default defineProvider({
  id: "runpod",
  name: "RunPod Serverless",
  baseUrl: "https://api.runpod.ai/v2/{project}/openai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: { ...PLAIN_CHAT, reasoning: "chat-template" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["RUNPOD_API_KEY"] },
  settings: [{ key: "project", env: ["RUNPOD_ENDPOINT_ID"], default: null, expected: "the id of a RunPod endpoint" }],
  source: "https://docs.runpod.io/serverless/vllm/openai-compatibility",
  unchecked: `Embeddings need another worker. ${ADDRESS_FROM_PROGRAMS}`,
});
