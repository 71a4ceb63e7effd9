import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Bytez: open and closed models. */
export default defineProvider({
  id: "bytez",
  name: "Bytez",
  baseUrl: "https://api.bytez.com/models/v2/openai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["BYTEZ_API_KEY"] },
  source: "https://docs.bytez.com/http-reference/examples/openai-compliant",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
