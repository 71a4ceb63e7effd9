import { defineProvider } from "./define.ts";

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
        renames: { max_completion_tokens: "max_tokens" },
        reasoning: "effort",
        efforts: ["none", "minimal", "low", "medium", "high", "xhigh"],
        refusesContent: ["custom-tool", "web-search"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["NANOGPT_API_KEY", "NANO_GPT_API_KEY"] },
  source: [
    "https://docs.nano-gpt.com/api-reference/miscellaneous/extended-thinking",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/nano-gpt/provider.toml",
    "https://github.com/BerriAI/litellm/blob/main/litellm/llms/openai_like/providers.json",
  ],
  unchecked: "What a parameter does depends on the upstream.",
});
