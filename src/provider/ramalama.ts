import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** ramalama serve at its default port. */
export default defineProvider({
  id: "ramalama",
  name: "RamaLama",
  baseUrl: "http://localhost:8080/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://github.com/containers/ramalama/blob/main/docs/ramalama-serve.1.md",
  unchecked: `It takes the next free port where 8080 is in use. ${ADDRESS_FROM_PROGRAMS}`,
});
