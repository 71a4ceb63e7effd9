import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * NEAR AI Cloud: open models in attested enclaves.
 * GLM and Qwen take chat_template_kwargs.enable_thinking, gpt-oss reasoning_effort.
 */
export default defineProvider({
  id: "near-ai",
  name: "NEAR AI Cloud",
  baseUrl: "https://cloud-api.near.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...PLAIN_CHAT, reasoning: "chat-template" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["NEARAI_API_KEY"] },
  source: [
    "https://docs.near.ai/cloud/guides/openai-compatibility",
    "https://docs.near.ai/cloud/reasoning-models",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/nearai/provider.toml",
  ],
  unchecked: "The attestation is not checked here.",
});
