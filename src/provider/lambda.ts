import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Lambda Inference API: open models. */
export default defineProvider({
  id: "lambda",
  name: "Lambda",
  baseUrl: "https://api.lambda.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["LAMBDA_API_KEY"] },
  source: [
    "https://docs.lambda.ai/public-cloud/lambda-inference-api/",
    "https://github.com/BerriAI/litellm/blob/main/litellm/llms/lambda_ai/chat/transformation.py",
  ],
  unchecked: `Lambda has announced the end of this API; whether it still answers was not checked. ${ADDRESS_FROM_PROGRAMS}`,
});
