import { ANTHROPIC_VERSION_HEADER, COHERE_RERANK, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider, type ProviderDefinition } from "./define.ts";

/** enable_thinking for the models its schema names, thinking_budget (128 to 32768) for all that reason. */
export const SILICONFLOW_APIS: ProviderDefinition["surfaces"] = [
  {
    dialect: "openai-chat",
    endpoints: {
      "chat.completions": true,
      embeddings: true,
      "images.generations": true,
      "audio.speech": true,
      "audio.transcriptions": true,
    },
    quirks: { ...PLAIN_CHAT, reasoning: "enable-thinking" },
  },
  {
    dialect: "anthropic-messages",
    endpoints: { messages: "/messages" },
    headers: ANTHROPIC_VERSION_HEADER,
  },
  COHERE_RERANK,
];

export const SILICONFLOW_UNCHECKED =
  "It does not document a schema for response_format json_schema; which models take one was not checked.";

/** SiliconFlow: open models. */
export default defineProvider({
  id: "siliconflow",
  name: "SiliconFlow",
  baseUrl: "https://api.siliconflow.com/v1",
  surfaces: SILICONFLOW_APIS,
  credential: { header: "authorization", scheme: "Bearer", env: ["SILICONFLOW_API_KEY"] },
  source: [
    "https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/siliconflow/provider.toml",
  ],
  unchecked: SILICONFLOW_UNCHECKED,
});
