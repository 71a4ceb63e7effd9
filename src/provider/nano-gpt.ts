import { OPENAI_ONLY_TOOLS, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { DEPENDS_ON_UPSTREAM } from "./unchecked.ts";

/** NanoGPT: many labs' models, paid as used. */
export default defineProvider({
  id: "nano-gpt",
  name: "NanoGPT",
  baseUrl: "https://nano-gpt.com/api/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: {
        renames: PLAIN_CHAT.renames,
        reasoning: "effort",
        efforts: ["none", "minimal", "low", "medium", "high", "xhigh"],
        refusesContent: OPENAI_ONLY_TOOLS,
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["NANOGPT_API_KEY", "NANO_GPT_API_KEY"] },
  source: [
    "https://docs.nano-gpt.com/api-reference/miscellaneous/extended-thinking",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/nano-gpt/provider.toml",
    "https://github.com/BerriAI/litellm/blob/main/litellm/llms/openai_like/providers.json",
  ],
  unchecked: DEPENDS_ON_UPSTREAM,
});
