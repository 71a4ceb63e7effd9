import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Vercel v0: models for web apps. */
export default defineProvider({
  id: "v0",
  name: "Vercel v0",
  baseUrl: "https://api.v0.dev/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { refusesContent: PLAIN_CHAT.refusesContent },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["V0_API_KEY"] },
  source: [
    "https://v0.app/docs/api/model",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/v0/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
