import { defineProvider } from "./define.ts";
import { GLM_CHAT, GLM_UNCHECKED } from "./glm-quirks.ts";

/** Z.ai Coding Plan: the GLM models. */
export default defineProvider({
  id: "zai-coding-plan",
  name: "Z.ai Coding Plan",
  baseUrl: "https://api.z.ai/api/coding/paas/v4",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: GLM_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ZAI_API_KEY", "ZHIPU_API_KEY"] },
  source: [
    "https://docs.z.ai/devpack/overview",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/zai-coding-plan/provider.toml",
  ],
  unchecked: `Its Anthropic API stands outside this base URL: see zai-anthropic. ${GLM_UNCHECKED}`,
});
