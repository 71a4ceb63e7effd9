import { ANTHROPIC_VERSION_HEADER } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { DEPENDS_ON_UPSTREAM } from "./unchecked.ts";

/** Vercel AI Gateway: many providers behind one key. */
export default defineProvider({
  id: "vercel-ai-gateway",
  name: "Vercel AI Gateway",
  baseUrl: "https://ai-gateway.vercel.sh/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: { reasoning: "reasoning-object", efforts: ["none", "minimal", "low", "medium", "high", "xhigh"] },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["AI_GATEWAY_API_KEY", "VERCEL_AI_GATEWAY_API_KEY"] },
  source: [
    "https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions/advanced",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/vercel/provider.toml",
  ],
  unchecked: DEPENDS_ON_UPSTREAM,
});
