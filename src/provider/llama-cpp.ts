import { ANTHROPIC_VERSION_HEADER, COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * A llama.cpp server at its default port.
 * Tools need a server started with --jinja, rerank one with --rerank (recorded errors).
 */
export default defineProvider({
  id: "llama-cpp",
  name: "llama.cpp server",
  baseUrl: "http://localhost:8080/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true, "audio.transcriptions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "chat-template" },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages", "messages.count_tokens": "/messages/count_tokens" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
  unchecked: "Which endpoints answer depends on the flags it was started with.",
});
