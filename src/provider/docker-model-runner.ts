import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/**
 * Docker Model Runner on the host's port.
 * From a container: http://model-runner.docker.internal/engines/v1.
 */
export default defineProvider({
  id: "docker-model-runner",
  name: "Docker Model Runner",
  baseUrl: "http://localhost:12434/engines/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://docs.docker.com/ai/model-runner/api-reference/",
  unchecked: `Its Anthropic API stands at /anthropic, outside this base URL. ${ADDRESS_FROM_PROGRAMS}`,
});
