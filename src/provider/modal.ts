import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** A server of one's own on Modal; its host, https://{workspace}--{app}.modal.run/v1, is the config's. */
export default defineProvider({
  id: "modal",
  name: "Modal",
  baseUrl: null,
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: { ...PLAIN_CHAT, reasoning: "chat-template" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://modal.com/docs/examples/vllm_inference",
  unchecked: `The key is whatever the deployed server wants; no variable is usual. ${ADDRESS_FROM_PROGRAMS}`,
});
