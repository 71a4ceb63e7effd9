import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/**
 * GPT4All's local server at its default port.
 * It does not stream.
 */
export default defineProvider({
  id: "gpt4all",
  name: "GPT4All",
  baseUrl: "http://localhost:4891/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: { ...PLAIN_CHAT, refuses: ["toolChoice", "parallelToolCalls"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://docs.gpt4all.io/gpt4all_api_server/home.html",
  unchecked: `That a request to stream is refused has no word here; tools are not documented. ${ADDRESS_FROM_PROGRAMS}`,
});
