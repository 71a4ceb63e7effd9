import { defineProvider } from "./define.ts";
import { STEPFUN_APIS, STEPFUN_UNCHECKED } from "./stepfun.ts";

/** StepFun (global): the Step models. */
export default defineProvider({
  id: "stepfun-ai",
  name: "StepFun (global)",
  baseUrl: "https://api.stepfun.ai/v1",
  surfaces: STEPFUN_APIS,
  credential: { header: "authorization", scheme: "Bearer", env: ["STEPFUN_API_KEY"] },
  source: [
    "https://platform.stepfun.ai/docs/en/api-reference/chat/chat-completion-create",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/stepfun-ai/provider.toml",
  ],
  unchecked: STEPFUN_UNCHECKED,
});
