import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Hyperbolic: open models. */
export default defineProvider({
  id: "hyperbolic",
  name: "Hyperbolic",
  baseUrl: "https://api.hyperbolic.xyz/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["HYPERBOLIC_API_KEY"] },
  source: [
    "https://docs.hyperbolic.xyz/docs/rest-api",
    "https://github.com/CherryHQ/cherry-studio/blob/main/src/renderer/src/config/providers.ts",
  ],
  unchecked: `Images and audio have paths of their own shape and are left out. ${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
