import { ADDED_SAMPLING, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** GitHub Models: many labs' models for a GitHub token with models:read. */
export default defineProvider({
  id: "github-models",
  name: "GitHub Models",
  baseUrl: "https://models.github.ai/inference",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: {
        refuses: ADDED_SAMPLING,
        refusesContent: PLAIN_CHAT.refusesContent,
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["GITHUB_TOKEN", "GITHUB_API_KEY"] },
  headers: { "x-github-api-version": "2022-11-28" },
  source: [
    "https://docs.github.com/en/rest/models/inference",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/github-models/provider.toml",
  ],
  unchecked: "Whether its rate-limit headers tell when a limit ends.",
});
