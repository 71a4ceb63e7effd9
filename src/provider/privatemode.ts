import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Privatemode AI through its local proxy, which encrypts and holds the key. */
export default defineProvider({
  id: "privatemode",
  name: "Privatemode AI",
  baseUrl: "http://localhost:8080/v1",
  baseUrlEnv: "PRIVATEMODE_ENDPOINT",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true, "audio.transcriptions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["PRIVATEMODE_API_KEY"] },
  isKeyOptional: true,
  source: [
    "https://docs.privatemode.ai/api/overview",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/privatemode-ai/provider.toml",
  ],
  unchecked: "Parameters are passed to each model's server; it defines no set of its own.",
});
