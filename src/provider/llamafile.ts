import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** A llamafile at its default port. */
export default defineProvider({
  id: "llamafile",
  name: "llamafile",
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
  source: "https://github.com/mozilla-ai/llamafile",
  unchecked: `logprobs were reported as not served (issue 409). ${ADDRESS_FROM_PROGRAMS}`,
});
