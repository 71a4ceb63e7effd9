import { AWS_REGION } from "./aws/region.ts";
import { defineProvider } from "./define.ts";
import { lazyAuthorizer } from "./lazy-authorizer.ts";

export default defineProvider({
  id: "bedrock",
  name: "Amazon Bedrock",
  baseUrl: "https://bedrock-runtime.{region}.amazonaws.com",
  baseUrlEnv: "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
  surfaces: [
    // Embedding models, which Converse does not serve, are reached through InvokeModel ("bedrock.invoke").
    { dialect: "bedrock-converse" },
    // OpenAI's open-weight models alone: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html
    {
      dialect: "openai-chat",
      models: /^openai\./,
      endpoints: { "chat.completions": "/openai/v1/chat/completions" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["AWS_BEARER_TOKEN_BEDROCK"] },
  makeAuthorizer: (input) =>
    lazyAuthorizer(async () => {
      const { makeAwsAuthorizer } = await import("./aws/authorizer.ts");
      return makeAwsAuthorizer(input, { service: "bedrock", bearerEnv: "AWS_BEARER_TOKEN_BEDROCK" });
    }),
  isKeyOptional: true,
  settings: [AWS_REGION],
  source: [
    "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html",
    "https://docs.aws.amazon.com/general/latest/gr/bedrock.html",
  ],
  unchecked:
    "Anthropic's Messages API has no surface here: InvokeModelWithResponseStream wraps its events in the binary event stream, so it is no plain passing (bedrock-mantle has one).",
});
