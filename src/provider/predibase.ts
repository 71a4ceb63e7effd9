import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS, REFUSALS_UNKNOWN } from "./unchecked.ts";

/** Predibase: fine-tuned models; the deployment is a part of the path. */
export default defineProvider({
  id: "predibase",
  name: "Predibase",
  baseUrl: "https://serving.app.predibase.com/{account}/deployments/v2/llms",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": "/{model}/v1/chat/completions", completions: "/{model}/v1/completions" },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["PREDIBASE_API_TOKEN", "PREDIBASE_API_KEY"] },
  settings: [{ key: "account", env: ["PREDIBASE_TENANT_ID"], default: null, expected: "a Predibase tenant id" }],
  source: [
    "https://docs.predibase.com/user-guide/inference/migrate-openai",
    "https://docs.litellm.ai/docs/providers/predibase",
  ],
  unchecked: `${REFUSALS_UNKNOWN} ${ADDRESS_FROM_PROGRAMS}`,
});
