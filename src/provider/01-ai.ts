import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** 01.AI (Lingyi Wanwu): the Yi models. */
export default defineProvider({
  id: "01-ai",
  name: "01.AI",
  baseUrl: "https://api.lingyiwanwu.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["YI_API_KEY", "LINGYIWANWU_API_KEY"] },
  source: [
    "https://platform.lingyiwanwu.com/docs",
    "https://github.com/CherryHQ/cherry-studio/blob/main/src/renderer/src/config/providers.ts",
  ],
  unchecked: `Key variables are those used in public programs; the page names none. ${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
