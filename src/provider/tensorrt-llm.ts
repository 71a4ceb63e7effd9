import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** trtllm-serve at its default port. */
export default defineProvider({
  id: "tensorrt-llm",
  name: "TensorRT-LLM",
  baseUrl: "http://localhost:8000/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: { ...PLAIN_CHAT, reasoning: "chat-template" },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://nvidia.github.io/TensorRT-LLM/commands/trtllm-serve.html",
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
