import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Tinfoil: open models in attested enclaves. */
export default defineProvider({
  id: "tinfoil",
  name: "Tinfoil",
  baseUrl: "https://inference.tinfoil.sh/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "audio.transcriptions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["TINFOIL_API_KEY"] },
  source: [
    "https://docs.tinfoil.sh",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/tinfoil/provider.toml",
  ],
  unchecked: "The attestation its own SDK does before the first request is not done here.",
});
