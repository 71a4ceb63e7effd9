import { BUDGETED_MESSAGES } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, COUNTING_UNKNOWN } from "./unchecked.ts";

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
  unchecked: `${COUNTING_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
