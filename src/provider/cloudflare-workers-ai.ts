import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Cloudflare Workers AI by its OpenAI-compatible endpoints; models are named @cf/AUTHOR/MODEL. */
export default defineProvider({
  id: "cloudflare-workers-ai",
  name: "Cloudflare Workers AI",
  baseUrl: "https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
    { dialect: "openai-responses", models: /^@cf\/openai\//, endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"] },
  settings: [{ key: "account", env: ["CLOUDFLARE_ACCOUNT_ID"], default: null, expected: "a Cloudflare account id" }],
  source: "https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility/",
  unchecked: "The native path /ai/run/MODEL speaks no dialect that is known here. Which models answer at /responses.",
});
