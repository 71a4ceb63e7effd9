import { ANTHROPIC_VERSION_HEADER } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, DEPENDS_ON_UPSTREAM } from "./unchecked.ts";

/**
 * A LiteLLM proxy; base_url is its address without /v1, as in its own documentation.
 * No default address: its port 4000 is ours, too, and a gateway must not call itself.
 */
export default defineProvider({
  id: "litellm-proxy",
  name: "LiteLLM Proxy",
  baseUrl: null,
  baseUrlEnv: "LITELLM_PROXY_API_BASE",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": "/v1/chat/completions",
        completions: "/v1/completions",
        embeddings: "/v1/embeddings",
        moderations: "/v1/moderations",
        "images.generations": "/v1/images/generations",
        "images.edits": "/v1/images/edits",
        "audio.transcriptions": "/v1/audio/transcriptions",
        "audio.speech": "/v1/audio/speech",
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: "/v1/responses" },
    },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/v1/messages", "messages.count_tokens": "/v1/messages/count_tokens" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
    {
      dialect: "cohere",
      endpoints: { "cohere.rerank": "/v1/rerank", "cohere.rerank.v1": "/v1/rerank" },
      quirks: { refuses: ["maxTokensPerDocument"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["LITELLM_PROXY_API_KEY"] },
  source: [
    "https://docs.litellm.ai/docs/proxy/user_keys",
    "https://github.com/BerriAI/litellm/blob/main/litellm/litellm_core_utils/get_llm_provider_logic.py",
  ],
  unchecked: `${DEPENDS_ON_UPSTREAM} ${ADDRESS_FROM_PROGRAMS}`,
});
