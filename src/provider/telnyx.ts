import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Telnyx: open models beside telephony. */
export default defineProvider({
  id: "telnyx",
  name: "Telnyx",
  baseUrl: "https://api.telnyx.com/v2/ai/openai",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["TELNYX_API_KEY"] },
  source: "https://developers.telnyx.com/docs/inference/getting-started",
  unchecked: `The base URL comes from the comments in its own SDKs; its Anthropic API stands at /v2/ai/anthropic, outside this base URL. ${ADDRESS_FROM_PROGRAMS}`,
});
