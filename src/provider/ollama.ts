import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Ollama on its own host: its API, and those it is compatible with (Responses and Messages came with later versions).
 * OLLAMA_HOST may name host and port alone.
 */
export default defineProvider({
  id: "ollama",
  name: "Ollama",
  baseUrl: "http://localhost:11434",
  baseUrlEnv: "OLLAMA_HOST",
  surfaces: [
    { dialect: "ollama" },
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": "/v1/chat/completions",
        completions: "/v1/completions",
        embeddings: "/v1/embeddings",
        "images.generations": "/v1/images/generations",
      },
      quirks: {
        refuses: ["toolChoice", "logitBias", "choices"],
        renames: PLAIN_CHAT.renames,
        refusesContent: ["image-url", "cache-hint", "custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: "/v1/responses" },
      quirks: { refuses: ["previousResponseId", "toolChoice"] },
    },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/v1/messages" },
      quirks: {
        refuses: ["toolChoice", "metadata"],
        refusesContent: ["image-url", "cache-hint", "file-data", "file-url", "web-search"],
        reasoning: "budget",
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["OLLAMA_API_KEY"] },
  isKeyOptional: true,
  source: [
    "https://docs.ollama.com/api",
    "https://docs.ollama.com/api/openai-compatibility",
    "https://docs.ollama.com/api/anthropic-compatibility",
    "https://docs.ollama.com/faq",
  ],
});
