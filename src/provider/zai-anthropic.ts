import { BUDGETED_MESSAGES } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Z.ai (Anthropic API): the same models and key as its OpenAI-compatible API, spoken the Anthropic way. */
export default defineProvider({
  id: "zai-anthropic",
  name: "Z.ai (Anthropic API)",
  baseUrl: "https://api.z.ai/api/anthropic",
  surfaces: [BUDGETED_MESSAGES],
  credential: { header: "authorization", scheme: "Bearer", env: ["ZAI_API_KEY", "ZHIPU_API_KEY"] },
  source: [
    "https://docs.z.ai/devpack/tool/claude",
    "https://github.com/QuantumNous/new-api/blob/main/constant/channel.go",
  ],
  unchecked:
    "Whether count_tokens is served; it is left out. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
