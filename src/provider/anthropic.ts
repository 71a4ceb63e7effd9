import { ANTHROPIC_VERSION_HEADER } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

export default defineProvider({
  id: "anthropic",
  name: "Anthropic",
  baseUrl: "https://api.anthropic.com",
  baseUrlEnv: "ANTHROPIC_BASE_URL",
  surfaces: [{ dialect: "anthropic-messages", headers: ANTHROPIC_VERSION_HEADER }],
  credential: { header: "x-api-key", scheme: "", env: ["ANTHROPIC_API_KEY"] },
  rateLimitHeaders: [
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-reset",
    "anthropic-ratelimit-input-tokens-reset",
    "anthropic-ratelimit-output-tokens-reset",
  ],
  source: [
    "https://platform.claude.com/docs/en/api/overview",
    "https://platform.claude.com/docs/en/api/versioning",
    "https://platform.claude.com/docs/en/api/rate-limits",
  ],
});
