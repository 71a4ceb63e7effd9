import { AWS_REGION } from "./aws/region.ts";
import { ANTHROPIC_VERSION_HEADER } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { lazyAuthorizer } from "./lazy-authorizer.ts";

export default defineProvider({
  id: "bedrock-mantle",
  name: "Amazon Bedrock (Mantle)",
  baseUrl: "https://bedrock-mantle.{region}.api.aws",
  surfaces: [
    // Claude answers in Messages alone, and GPT models are recorded in Responses: https://github.com/BerriAI/litellm/issues/29463
    {
      dialect: "openai-chat",
      models: /^(?!anthropic\.|openai\.gpt-\d)/,
      endpoints: { "chat.completions": "/v1/chat/completions" },
    },
    // The GPT models' own path, as recorded; all others answer at /v1.
    {
      dialect: "openai-responses",
      models: /^openai\.gpt-\d/,
      endpoints: { responses: "/openai/v1/responses" },
    },
    { dialect: "openai-responses", models: /^(?!anthropic\.)/, endpoints: { responses: "/v1/responses" } },
    {
      dialect: "anthropic-messages",
      models: /^anthropic\./,
      endpoints: { messages: "/anthropic/v1/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["AWS_BEARER_TOKEN_BEDROCK"] },
  makeAuthorizer: (input) =>
    lazyAuthorizer(async () => {
      const { makeAwsAuthorizer } = await import("./aws/authorizer.ts");
      return makeAwsAuthorizer(input, { service: "bedrock-mantle", bearerEnv: "AWS_BEARER_TOKEN_BEDROCK" });
    }),
  isKeyOptional: true,
  settings: [AWS_REGION],
  source: [
    "https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions-mantle.html",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html",
  ],
  unchecked:
    "The signing name bedrock-mantle stands in clients that sign for it, not on a page of AWS; which models answer at /openai/v1/responses instead of /v1/responses is known from recordings only.",
});
