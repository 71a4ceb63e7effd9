import { defineProvider } from "./define.ts";
import { SILICONFLOW_APIS, SILICONFLOW_UNCHECKED } from "./siliconflow.ts";

/** SiliconFlow (China): open models. */
export default defineProvider({
  id: "siliconflow-cn",
  name: "SiliconFlow (China)",
  baseUrl: "https://api.siliconflow.cn/v1",
  surfaces: SILICONFLOW_APIS,
  credential: { header: "authorization", scheme: "Bearer", env: ["SILICONFLOW_CN_API_KEY", "SILICONFLOW_API_KEY"] },
  source: [
    "https://docs.siliconflow.cn/cn/api-reference/chat-completions/chat-completions",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/siliconflow-cn/provider.toml",
  ],
  unchecked: SILICONFLOW_UNCHECKED,
});
