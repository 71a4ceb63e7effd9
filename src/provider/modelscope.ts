import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/** ModelScope API inference: open models. */
export default defineProvider({
  id: "modelscope",
  name: "ModelScope",
  baseUrl: "https://api-inference.modelscope.cn/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["MODELSCOPE_API_KEY", "MODELSCOPE_SDK_TOKEN"] },
  source: [
    "https://modelscope.cn/docs/model-service/API-Inference/intro",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/modelscope/provider.toml",
  ],
  unchecked: "No setting for reasoning is documented for all of its models.",
});
