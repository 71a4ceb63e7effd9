import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Infomaniak AI: open models in Switzerland. */
export default defineProvider({
  id: "infomaniak",
  name: "Infomaniak AI",
  baseUrl: "https://api.infomaniak.com/2/ai/{project}/openai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["INFOMANIAK_API_KEY"] },
  settings: [
    {
      key: "project",
      env: ["INFOMANIAK_PRODUCT_ID"],
      default: null,
      expected: "the number of an Infomaniak AI product",
    },
  ],
  source: [
    "https://developer.infomaniak.com/docs/api/post/2/ai/%7Bproduct_id%7D/openai/v1/chat/completions",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/infomaniak/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
