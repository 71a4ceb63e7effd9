import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Nous Research: the Hermes models. */
export default defineProvider({
  id: "nous",
  name: "Nous Research",
  baseUrl: "https://inference-api.nousresearch.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["NOUS_API_KEY", "NOUSRESEARCH_API_KEY"] },
  source: "https://portal.nousresearch.com/api-docs",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
