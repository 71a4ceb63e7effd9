import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Yandex AI Studio: models named gpt://{folder}/{model}. */
export default defineProvider({
  id: "yandex",
  name: "Yandex AI Studio",
  baseUrl: "https://llm.api.cloud.yandex.net/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Api-Key", env: ["YANDEX_API_KEY"] },
  source: "https://yandex.cloud/en/docs/ai-studio/concepts/openai-compatibility",
  unchecked: `IAM tokens go as Bearer, which needs an override; the scheme Api-Key comes from public programs. ${ADDRESS_FROM_PROGRAMS}`,
});
