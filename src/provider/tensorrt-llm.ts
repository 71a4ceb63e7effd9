import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

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
  unchecked:
    "Which of OpenAI's parameters it refuses was not found in its documentation. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
