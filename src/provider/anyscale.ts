import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Anyscale Endpoints: open models. */
export default defineProvider({
  id: "anyscale",
  name: "Anyscale Endpoints",
  baseUrl: "https://api.endpoints.anyscale.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["ANYSCALE_API_KEY"] },
  source: [
    "https://docs.anyscale.com/",
    "https://github.com/BerriAI/litellm/blob/main/litellm/litellm_core_utils/get_llm_provider_logic.py",
  ],
  unchecked: `The public endpoints were closed in 2024; an Anyscale service of one's own is reached with base_url. ${ADDRESS_FROM_PROGRAMS}`,
});
