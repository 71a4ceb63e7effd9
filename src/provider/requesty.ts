import { defineProvider } from "./define.ts";

/** Requesty: many providers behind one key. */
export default defineProvider({
  id: "requesty",
  name: "Requesty",
  baseUrl: "https://router.requesty.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: { reasoning: "effort", refusesContent: ["cache-hint", "custom-tool", "web-search"] },
    },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: { "anthropic-version": "2023-06-01" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["REQUESTY_API_KEY"] },
  source: [
    "https://docs.requesty.ai/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/requesty/provider.toml",
  ],
  unchecked: "What a parameter does depends on the upstream.",
});
