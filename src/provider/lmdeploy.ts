import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

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
  unchecked:
    "Which of OpenAI's parameters it refuses was not found in its documentation. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
