import { defineProvider } from "./define.ts";
import { MISTRAL_CHAT } from "./mistral.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Mistral's host for Codestral with keys of its own. */
export default defineProvider({
  id: "codestral",
  name: "Mistral Codestral",
  baseUrl: "https://codestral.mistral.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...MISTRAL_CHAT, reasoning: "none" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["CODESTRAL_API_KEY"] },
  source: [
    "https://docs.mistral.ai/capabilities/code_generation/",
    "https://github.com/BerriAI/litellm/blob/main/litellm/litellm_core_utils/get_llm_provider_logic.py",
  ],
  unchecked: `Taken to have the same closed schema as api.mistral.ai. Fill-in-the-middle answers in a shape of its own and is left out. ${ADDRESS_FROM_PROGRAMS}`,
});
