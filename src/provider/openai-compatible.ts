import { defineProvider } from "./define.ts";

/** Any server that speaks OpenAI's API (vLLM, llama.cpp, LM Studio …); the config names its base_url. */
export default defineProvider({
  id: "openai-compatible",
  dialect: "openai-chat",
  baseUrl: null,
  credential: { header: "authorization", scheme: "Bearer", env: "" },
  isKeyOptional: true,
  source: "https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
});
