import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Friendli Dedicated Endpoints: the model's name is the endpoint's id. */
export default defineProvider({
  id: "friendli-dedicated",
  name: "Friendli Dedicated Endpoints",
  baseUrl: "https://api.friendli.ai/dedicated/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true, embeddings: true },
      quirks: { ...PLAIN_CHAT, reasoning: "effort", efforts: ["minimal", "low", "medium", "high", "xhigh", "max"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["FRIENDLI_TOKEN", "FRIENDLIAI_API_KEY"] },
  source: "https://friendli.ai/docs/openapi/dedicated/inference/chat-completions",
  unchecked: `Taken to differ from the serverless API by its path alone. ${ADDRESS_FROM_PROGRAMS}`,
});
