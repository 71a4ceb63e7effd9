import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_LISTS } from "./unchecked.ts";

/**
 * AssemblyAI's LLM gateway: models over transcripts.
 * The key goes bare in the authorization header, as in all of its APIs.
 */
export default defineProvider({
  id: "assemblyai",
  name: "AssemblyAI LLM Gateway",
  baseUrl: "https://llm-gateway.assemblyai.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "", env: ["ASSEMBLYAI_API_KEY"] },
  source: [
    "https://www.assemblyai.com/docs/llm-gateway",
    "https://github.com/BerriAI/litellm/blob/main/litellm/llms/openai_like/providers.json",
  ],
  unchecked: ADDRESS_FROM_LISTS,
});
