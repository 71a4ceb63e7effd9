import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** IONOS AI Model Hub: open models in Germany. */
export default defineProvider({
  id: "ionos",
  name: "IONOS AI Model Hub",
  baseUrl: "https://openai.inference.de-txl.ionos.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true, "images.generations": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["IONOS_API_TOKEN", "IONOS_API_KEY"] },
  source: "https://docs.ionos.com/cloud/ai/ai-model-hub",
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
