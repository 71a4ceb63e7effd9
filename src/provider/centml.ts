import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** CentML: open models. */
export default defineProvider({
  id: "centml",
  name: "CentML",
  baseUrl: "https://api.centml.com/openai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["CENTML_API_KEY"] },
  source: "https://docs.centml.ai/",
  unchecked: `The company became a part of NVIDIA in 2025; whether it still answers was not checked. ${ADDRESS_FROM_PROGRAMS}`,
});
