import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_LISTS } from "./unchecked.ts";

/** PPIO: open models in China. */
export default defineProvider({
  id: "ppio",
  name: "PPIO",
  baseUrl: "https://api.ppinfra.com/v3/openai",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["PPIO_API_KEY"] },
  source: [
    "https://ppio.com/docs/model/llm",
    "https://github.com/CherryHQ/cherry-studio/blob/main/src/renderer/src/config/providers.ts",
  ],
  unchecked: ADDRESS_FROM_LISTS,
});
