import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Baseten Model APIs: open models. */
export default defineProvider({
  id: "baseten",
  name: "Baseten Model APIs",
  baseUrl: "https://inference.baseten.co/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["BASETEN_API_KEY"] },
  source: [
    "https://docs.baseten.co/reference/inference-api/chat-completions",
    "https://docs.baseten.co/inference/model-apis/reasoning",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/baseten/provider.toml",
  ],
  unchecked:
    "reasoning_effort is documented for DeepSeek V4 Pro and gpt-oss; opt-in models take `chat_template_args`, which has no style here.",
});
