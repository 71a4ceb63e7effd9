import { defineProvider } from "./define.ts";

/** KoboldCpp at its default port. */
export default defineProvider({
  id: "koboldcpp",
  name: "KoboldCpp",
  baseUrl: "http://localhost:5001/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true, "audio.transcriptions": true },
      quirks: {
        renames: { max_completion_tokens: "max_tokens" },
        refusesContent: ["cache-hint", "custom-tool", "web-search"],
      },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://github.com/LostRuins/koboldcpp/wiki",
  unchecked:
    "Which of OpenAI's parameters it refuses was not found in its documentation. The linked documentation was not read itself; address and key header are those of public programs that use it.",
});
