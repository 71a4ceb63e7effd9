import { OPENAI_ONLY_TOOLS } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** FastRouter: many labs' models behind one key. */
export default defineProvider({
  id: "fastrouter",
  name: "FastRouter",
  baseUrl: "https://go.fastrouter.ai/api/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { refusesContent: OPENAI_ONLY_TOOLS },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["FASTROUTER_API_KEY"] },
  source: [
    "https://docs.fastrouter.ai/",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/fastrouter/provider.toml",
  ],
  unchecked: "Controls depend on the route.",
});
