import { ADDED_SAMPLING, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/**
 * AI21 Labs: the Jamba models.
 * response_format knows text and json_object.
 */
export default defineProvider({
  id: "ai21",
  name: "AI21 Labs",
  baseUrl: "https://api.ai21.com/studio/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: { ...PLAIN_CHAT, refuses: ADDED_SAMPLING, jsonSchema: "json-object" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["AI21_API_KEY"] },
  source: [
    "https://docs.ai21.com/reference/jamba-1-6-api-ref",
    "https://github.com/BerriAI/litellm/blob/main/litellm/litellm_core_utils/get_llm_provider_logic.py",
  ],
  unchecked: `Streams with n above 1 are documented as refused, which has no word here. ${ADDRESS_FROM_PROGRAMS}`,
});
