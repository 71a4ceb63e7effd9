import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Clarifai: models named by their URL there. */
export default defineProvider({
  id: "clarifai",
  name: "Clarifai",
  baseUrl: "https://api.clarifai.com/v2/ext/openai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["CLARIFAI_PAT", "CLARIFAI_API_KEY"] },
  source: [
    "https://docs.clarifai.com/compute/inference/open-ai",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/clarifai/provider.toml",
  ],
  unchecked: "No setting for reasoning is documented.",
});
