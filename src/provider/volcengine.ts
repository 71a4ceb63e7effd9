import type { Quirks } from "../exchange.ts";
import { ADDED_SAMPLING, ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * `thinking.type` switches reasoning; "auto" is rejected by most models although documented. reasoning_effort is
 * known beside it (none and minimal disable thinking).
 */
export const ARK_CHAT = {
  ...PLAIN_CHAT,
  refuses: ADDED_SAMPLING,
  reasoning: "thinking-type",
} satisfies Partial<Quirks>;

/** Volcengine Ark (ByteDance), China: the Doubao models. */
export default defineProvider({
  id: "volcengine",
  name: "Volcengine Ark",
  baseUrl: "https://ark.cn-beijing.volces.com/api/v3",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "images.generations": true },
      quirks: ARK_CHAT,
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/compatible/v1/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ARK_API_KEY", "VOLCENGINE_API_KEY"] },
  source: [
    "https://www.volcengine.com/docs/82379/1298459",
    "https://www.volcengine.com/docs/82379/1330310",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/volcengine/provider.toml",
  ],
  unchecked: "Which models take JSON schemas.",
});
