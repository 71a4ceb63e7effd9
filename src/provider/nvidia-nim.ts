import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** An NVIDIA NIM container at its documented port. */
export default defineProvider({
  id: "nvidia-nim",
  name: "NVIDIA NIM (self-hosted)",
  baseUrl: "http://localhost:8000/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: { ...PLAIN_CHAT, reasoning: "chat-template" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://docs.nvidia.com/nim/large-language-models/latest/getting-started.html",
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
