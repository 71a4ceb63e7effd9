import { ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * LM Studio's local server at its default port.
 * Chat completions list no setting for reasoning; Responses takes reasoning.effort.
 */
export default defineProvider({
  id: "lm-studio",
  name: "LM Studio",
  baseUrl: "http://localhost:1234/v1",
  baseUrlEnv: "LM_STUDIO_API_BASE",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: { ...PLAIN_CHAT, reasoning: "none" },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["LM_STUDIO_API_KEY", "LMSTUDIO_API_KEY"] },
  isKeyOptional: true,
  source: [
    "https://lmstudio.ai/docs/developer/openai-compat",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/lmstudio/provider.toml",
  ],
  unchecked: "The Messages API came with a later version than Responses.",
});
