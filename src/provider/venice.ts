import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Venice AI: private inference of open models.
 * `venice_parameters.disable_thinking` (recorded) is its own switch.
 */
export default defineProvider({
  id: "venice",
  name: "Venice AI",
  baseUrl: "https://api.venice.ai/api/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        embeddings: true,
        "audio.speech": true,
        "audio.transcriptions": true,
        "images.generations": true,
      },
      quirks: { ...PLAIN_CHAT, reasoning: "effort" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["VENICE_API_KEY", "VENICE_AI_API_KEY"] },
  source: [
    "https://docs.venice.ai/api-reference/api-spec",
    "https://docs.venice.ai/guides/features/reasoning-models",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/venice/provider.toml",
  ],
  unchecked: "Not every reasoning model takes reasoning_effort.",
});
