import { defineProvider } from "./define.ts";
import { GLM_CHAT, GLM_UNCHECKED } from "./glm-quirks.ts";

/** Z.ai: the GLM models. */
export default defineProvider({
  id: "zai",
  name: "Z.ai",
  baseUrl: "https://api.z.ai/api/paas/v4",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, "images.generations": true, "audio.transcriptions": true },
      quirks: GLM_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ZAI_API_KEY", "ZHIPU_API_KEY"] },
  source: [
    "https://docs.z.ai/guides/capabilities/thinking",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/zai/provider.toml",
  ],
  unchecked: `Its Anthropic API stands outside this base URL: see zai-anthropic. ${GLM_UNCHECKED}`,
});
