import { ANTHROPIC_VERSION_HEADER, COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/**
 * A vLLM server at its default port.
 * chat_template_kwargs.enable_thinking is read by the templates of hybrid models; reasoning_effort by gpt-oss.
 */
export default defineProvider({
  id: "vllm",
  name: "vLLM",
  baseUrl: "http://localhost:8000/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        completions: true,
        embeddings: true,
        "audio.transcriptions": true,
        "audio.translations": true,
      },
      quirks: { reasoning: "chat-template", refusesContent: PLAIN_CHAT.refusesContent },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages", "messages.count_tokens": "/messages/count_tokens" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
    COHERE_RERANK,
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["VLLM_API_KEY"] },
  isKeyOptional: true,
  source: "https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
  unchecked: `Which endpoints answer depends on the model and the version. ${ADDRESS_FROM_PROGRAMS}`,
});
