import { COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** A GPUStack cluster; base_url is its address with /v1. */
export default defineProvider({
  id: "gpustack",
  name: "GPUStack",
  baseUrl: null,
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        completions: true,
        embeddings: true,
        "images.generations": true,
        "audio.transcriptions": true,
        "audio.speech": true,
      },
      quirks: { ...PLAIN_CHAT, reasoning: "chat-template" },
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["GPUSTACK_API_KEY"] },
  source: "https://docs.gpustack.ai/latest/user-guide/openai-compatible-apis/",
  unchecked: `Which endpoints answer depends on the models deployed. Older versions want /v1-openai. ${ADDRESS_FROM_PROGRAMS}`,
});
