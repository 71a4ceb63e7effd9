import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/**
 * Hugging Face Text Generation Inference at the port its container is documented with.
 * The launcher itself listens on 3000.
 */
export default defineProvider({
  id: "huggingface-tgi",
  name: "Text Generation Inference",
  baseUrl: "http://localhost:8080/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://huggingface.co/docs/text-generation-inference/en/messages_api",
  unchecked: `response_format json_schema came with later versions; older ones take \`{ "type": "json", "value": schema }\`. ${ADDRESS_FROM_PROGRAMS}`,
});
