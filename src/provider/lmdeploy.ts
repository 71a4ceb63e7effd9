import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** An LMDeploy api_server at its default port. */
export default defineProvider({
  id: "lmdeploy",
  name: "LMDeploy",
  baseUrl: "http://localhost:23333/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://lmdeploy.readthedocs.io/en/latest/llm/api_server.html",
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
