import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";
import { ARK_CHAT } from "./volcengine.ts";

/** BytePlus ModelArk (ByteDance), outside China: the Seed models. */
export default defineProvider({
  id: "byteplus",
  name: "BytePlus ModelArk",
  baseUrl: "https://ark.ap-southeast.bytepluses.com/api/v3",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, "images.generations": true },
      quirks: ARK_CHAT,
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ARK_API_KEY"] },
  source: "https://docs.byteplus.com/en/docs/ModelArk/1298459",
  unchecked: ADDRESS_FROM_PROGRAMS,
});
