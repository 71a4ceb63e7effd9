import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** AkashML: open models on the Akash network. */
export default defineProvider({
  id: "akashml",
  name: "AkashML",
  baseUrl: "https://api.akashml.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["AKASHML_API_KEY"] },
  source: "https://akashml.com/",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
