import { ANTHROPIC_VERSION_HEADER, OPENAI_ONLY_TOOLS } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

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
        refusesContent: OPENAI_ONLY_TOOLS,
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
      headers: ANTHROPIC_VERSION_HEADER,
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
  unchecked: REFUSALS_UNKNOWN,
});
