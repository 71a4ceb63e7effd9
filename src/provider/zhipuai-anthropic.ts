import { BUDGETED_MESSAGES } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, COUNTING_UNKNOWN } from "./unchecked.ts";

/** Zhipu AI (Anthropic API): the same models and key as its OpenAI-compatible API, spoken the Anthropic way. */
export default defineProvider({
  id: "zhipuai-anthropic",
  name: "Zhipu AI (Anthropic API)",
  baseUrl: "https://open.bigmodel.cn/api/anthropic",
  surfaces: [BUDGETED_MESSAGES],
  credential: { header: "authorization", scheme: "Bearer", env: ["ZHIPU_API_KEY", "ZHIPUAI_API_KEY"] },
  source: [
    "https://docs.bigmodel.cn/cn/coding-plan/tool/claude",
    "https://github.com/QuantumNous/new-api/blob/main/constant/channel.go",
  ],
  unchecked: `${COUNTING_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
