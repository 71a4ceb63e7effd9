import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** mlx_lm.server at its default port. */
export default defineProvider({
  id: "mlx-lm",
  name: "MLX LM",
  baseUrl: "http://localhost:8080/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: { ...PLAIN_CHAT, reasoning: "chat-template" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/SERVER.md",
  unchecked: `JSON schemas are not served by all versions. ${ADDRESS_FROM_PROGRAMS}`,
});
