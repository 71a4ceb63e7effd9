import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** evroc Think: open models in Europe. */
export default defineProvider({
  id: "evroc",
  name: "evroc Think",
  baseUrl: "https://models.think.evroc.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["EVROC_API_KEY"] },
  source: [
    "https://docs.evroc.com/products/think/openai-compatibility.html",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/evroc/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
