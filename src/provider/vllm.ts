import { defineProvider } from "./define.ts";

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
      quirks: { reasoning: "chat-template", refusesContent: ["cache-hint", "custom-tool", "web-search"] },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
    },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages", "messages.count_tokens": "/messages/count_tokens" },
      headers: { "anthropic-version": "2023-06-01" },
    },
    {
      dialect: "cohere",
      endpoints: { "cohere.rerank": "/rerank", "cohere.rerank.v1": "/rerank" },
      quirks: { refuses: ["maxTokensPerDocument"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["VLLM_API_KEY"] },
  isKeyOptional: true,
  source: "https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
  unchecked:
    "Which endpoints answer depends on the model and the version. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
