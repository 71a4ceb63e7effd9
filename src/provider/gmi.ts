import { ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** GMI Cloud: open models, and Claude through the Messages API. */
export default defineProvider({
  id: "gmi",
  name: "GMI Cloud",
  baseUrl: "https://api.gmi-serving.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
    {
      dialect: "anthropic-messages",
      models: /^anthropic\//,
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
      quirks: { reasoning: "budget" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["GMI_API_KEY", "GMICLOUD_API_KEY"] },
  source: [
    "https://docs.gmicloud.ai/inference-engine/api-reference/llm-api-reference",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/gmicloud/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
