import { BUDGETED_MESSAGES } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { COUNTING_UNKNOWN } from "./unchecked.ts";

/** Moonshot AI (Anthropic API): the same models and key as its OpenAI-compatible API, spoken the Anthropic way. */
export default defineProvider({
  id: "moonshot-anthropic",
  name: "Moonshot AI (Anthropic API)",
  baseUrl: "https://api.moonshot.ai/anthropic",
  surfaces: [BUDGETED_MESSAGES],
  credential: { header: "authorization", scheme: "Bearer", env: ["MOONSHOT_API_KEY"] },
  source: "https://platform.kimi.ai/docs/api/overview.md",
  unchecked: COUNTING_UNKNOWN,
});
