import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Nscale: open models in Europe. */
export default defineProvider({
  id: "nscale",
  name: "Nscale",
  baseUrl: "https://inference.api.nscale.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, "images.generations": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["NSCALE_API_TOKEN", "NSCALE_API_KEY"] },
  source: [
    "https://docs.nscale.com/docs/use-cases/chat",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/nscale/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
