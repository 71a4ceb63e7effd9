import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Featherless AI: open models from Hugging Face. */
export default defineProvider({
  id: "featherless",
  name: "Featherless AI",
  baseUrl: "https://api.featherless.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["FEATHERLESS_API_KEY", "FEATHERLESS_AI_API_KEY"] },
  source: [
    "https://featherless.ai/docs/api-overview-and-common-options",
    "https://github.com/BerriAI/litellm/blob/main/litellm/constants.py",
  ],
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
