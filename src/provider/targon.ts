import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Targon: open models on a decentralised network. */
export default defineProvider({
  id: "targon",
  name: "Targon",
  baseUrl: "https://api.targon.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["TARGON_API_KEY"] },
  source: ["https://docs.targon.com/", "https://github.com/manifold-inc/targon"],
  unchecked: `The base URL was seen in its samples and in public programs; whether it still serves shared models was not checked. ${ADDRESS_FROM_PROGRAMS}`,
});
