import { defineProvider } from "./define.ts";

/** Any server that speaks OpenAI's API; the config names its base_url. */
export default defineProvider({
  id: "openai-compatible",
  name: "OpenAI-compatible server",
  baseUrl: null,
  surfaces: [{ dialect: "openai-chat" }],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  isKeyOptional: true,
  source: "https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
});
