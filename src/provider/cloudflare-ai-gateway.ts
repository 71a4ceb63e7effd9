import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Cloudflare AI Gateway's unified API: models are named provider/model, and the providers' keys are stored in the
 * gateway or billed by it.
 */
export default defineProvider({
  id: "cloudflare-ai-gateway",
  name: "Cloudflare AI Gateway",
  baseUrl: "https://gateway.ai.cloudflare.com/v1/{account}/{project}/compat",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "cf-aig-authorization", scheme: "Bearer", env: ["CF_AIG_TOKEN", "CLOUDFLARE_API_TOKEN"] },
  settings: [
    { key: "account", env: ["CLOUDFLARE_ACCOUNT_ID"], default: null, expected: "a Cloudflare account id" },
    { key: "project", env: ["CLOUDFLARE_GATEWAY_ID"], default: "default", expected: "the name of an AI gateway" },
  ],
  source: [
    "https://developers.cloudflare.com/ai-gateway/usage/chat-completion/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/cloudflare-ai-gateway/provider.toml",
  ],
  unchecked: "Whether embeddings go through the unified API for every upstream.",
});
