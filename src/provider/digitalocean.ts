import { defineProvider } from "./define.ts";

/** DigitalOcean serverless inference: open and closed models. */
export default defineProvider({
  id: "digitalocean",
  name: "DigitalOcean Gradient",
  baseUrl: "https://inference.do-ai.run/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: {
        reasoning: "effort",
        efforts: ["none", "low", "medium", "high", "max"],
        refusesContent: ["custom-tool", "web-search"],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
      quirks: { efforts: ["none", "low", "medium", "high", "max"] },
    },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: { "anthropic-version": "2023-06-01" },
    },
  ],
  credential: {
    header: "authorization",
    scheme: "Bearer",
    env: ["DIGITALOCEAN_ACCESS_TOKEN", "GRADIENT_MODEL_ACCESS_KEY"],
  },
  source: [
    "https://docs.digitalocean.com/products/inference/how-to/use-reasoning/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/digitalocean/provider.toml",
  ],
  unchecked: "Which of OpenAI's parameters it refuses was not found in its documentation.",
});
