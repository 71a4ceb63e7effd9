import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Meta's Llama API, its OpenAI-compatible part. */
export default defineProvider({
  id: "meta-llama",
  name: "Meta Llama API",
  baseUrl: "https://api.llama.com/compat/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { refusesContent: PLAIN_CHAT.refusesContent },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["LLAMA_API_KEY"] },
  source: [
    "https://llama.developer.meta.com/docs/features/compatibility/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/llama/provider.toml",
  ],
  unchecked: "The preview may have ended; which of OpenAI's parameters it refuses was not found in its documentation.",
});
