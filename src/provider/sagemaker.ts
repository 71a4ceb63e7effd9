import { AWS_REGION } from "./aws/region.ts";
import { defineProvider } from "./define.ts";
import { lazyAuthorizer } from "./lazy-authorizer.ts";

export default defineProvider({
  id: "sagemaker",
  name: "Amazon SageMaker AI",
  baseUrl: "https://runtime.sagemaker.{region}.amazonaws.com",
  surfaces: [
    // The model is the endpoint's name; containers (vLLM, SGLang) answer it unchanged, streams as SSE.
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": "/endpoints/{model}/openai/v1/chat/completions" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: [] },
  makeAuthorizer: (input) =>
    lazyAuthorizer(async () => (await import("./aws/sagemaker-token.ts")).makeSagemakerAuthorizer(input)),
  isKeyOptional: true,
  settings: [AWS_REGION],
  source: "https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-openai-compatible.html",
  unchecked:
    "The form of the bearer token is that of the SageMaker Python SDK's generator. The signed /invocations path is left out: its stream is wrapped in the binary event stream.",
});
