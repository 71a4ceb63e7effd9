import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Baichuan: its own models. */
export default defineProvider({
  id: "baichuan",
  name: "Baichuan",
  baseUrl: "https://api.baichuan-ai.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["BAICHUAN_API_KEY"] },
  source: [
    "https://platform.baichuan-ai.com/docs/api",
    "https://github.com/CherryHQ/cherry-studio/blob/main/src/renderer/src/config/providers.ts",
  ],
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
