import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { REFUSALS_UNKNOWN } from "./unchecked.ts";

/** SubModel InstaGen: open models. */
export default defineProvider({
  id: "submodel",
  name: "SubModel",
  baseUrl: "https://llm.submodel.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["SUBMODEL_INSTAGEN_ACCESS_KEY"] },
  source: [
    "https://submodel.gitbook.io/docs/instagen/api-reference",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/submodel/provider.toml",
  ],
  unchecked: REFUSALS_UNKNOWN,
});
