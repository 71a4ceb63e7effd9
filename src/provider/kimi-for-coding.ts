import { ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** Moonshot's coding plan; the Messages API is the documented one. */
export default defineProvider({
  id: "kimi-for-coding",
  name: "Kimi For Coding",
  baseUrl: "https://api.kimi.com/coding/v1",
  surfaces: [
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["KIMI_API_KEY"] },
  source: [
    "https://www.kimi.com/code/docs/en/kimi-code/models.html",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/kimi-for-coding/provider.toml",
  ],
  unchecked: "How reasoning is asked for.",
});
