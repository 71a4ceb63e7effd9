import { ADDED_SAMPLING, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Upstage: the Solar models. */
export default defineProvider({
  id: "upstage",
  name: "Upstage",
  baseUrl: "https://api.upstage.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: { ...PLAIN_CHAT, refuses: ADDED_SAMPLING, reasoning: "effort", efforts: ["low", "medium", "high"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["UPSTAGE_API_KEY"] },
  source: [
    "https://developers.upstage.ai/docs/apis/chat",
    "https://developers.upstage.ai/docs/capabilities/generate/reasoning",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/upstage/provider.toml",
  ],
  unchecked:
    'The longer base https://api.upstage.ai/v1/solar is equally in use; solar-pro2 knows the effort "high" alone.',
});
