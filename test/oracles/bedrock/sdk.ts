/** @aws-sdk/client-bedrock-runtime, Amazon Bedrock as the gateway knows it, and what the cases share. */
import {
  BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  type Message,
  type Tool,
} from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { CITY_SCHEMA, DESCRIPTION, mutable, QUESTION } from "../material.ts";
import { PROVIDER_KEY, type OracleOptions } from "../stage.ts";

export const SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

type Params = Omit<ConverseCommandInput, "modelId">;

export const converse = (params: Params) => (sdk: BedrockRuntimeClient, modelId: string) =>
  sdk.send(new ConverseCommand({ modelId, ...params }));

export const LIMIT = { maxTokens: 100 };

export const ask: Message = { role: "user", content: [{ text: QUESTION }] };

export const tool: Tool = {
  toolSpec: { name: "weather", description: DESCRIPTION, inputSchema: { json: mutable(CITY_SCHEMA) } },
};

export const callOf = (city: string) => ({
  toolUse: { toolUseId: `call_${city.toLowerCase()}`, name: "weather", input: { city } },
});

export const resultOf = (city: string, text: string) => ({
  toolResult: { toolUseId: `call_${city.toLowerCase()}`, content: [{ text }] },
});

export const results: Message = {
  role: "user",
  content: [resultOf("Paris", "18 degrees"), resultOf("Rome", "24 degrees")],
};

export const OPTIONS: OracleOptions<BedrockRuntimeClient> = {
  provider: "bedrock",
  // Converse alone, for those models too that answer OpenAI's callers in OpenAI's API.
  entry: { region: "us-east-1", dialect: "bedrock-converse" },
  open: (endpoint) =>
    new BedrockRuntimeClient({
      endpoint,
      region: "us-east-1",
      token: { token: PROVIDER_KEY },
      authSchemePreference: ["httpBearerAuth"],
      maxAttempts: 1,
      // Its own choice is HTTP/2.
      requestHandler: new NodeHttpHandler(),
    }),
};
