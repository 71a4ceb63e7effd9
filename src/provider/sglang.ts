import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** An SGLang server at its default port. */
export default defineProvider({
  id: "sglang",
  name: "SGLang",
  baseUrl: "http://localhost:30000/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: { reasoning: "chat-template", refusesContent: PLAIN_CHAT.refusesContent },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["SGLANG_API_KEY"] },
  isKeyOptional: true,
  source: "https://docs.sglang.ai/basic_usage/openai_api.html",
  unchecked: `Its rerank answers with a bare list and is left out. ${ADDRESS_FROM_PROGRAMS}`,
});
