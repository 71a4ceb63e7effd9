import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** RedPill (Phala): models in attested enclaves, and many labs' models. */
export default defineProvider({
  id: "redpill",
  name: "RedPill",
  baseUrl: "https://api.redpill.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["REDPILL_API_KEY"] },
  source: "https://docs.redpill.ai/",
  unchecked: `${ADDRESS_FROM_PROGRAMS} The attestation is not checked here.`,
});
