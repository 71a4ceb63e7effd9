/** What reaches Amazon Bedrock, against @aws-sdk/client-bedrock-runtime; with a bearer key, as signatures have a test of their own. */
import type { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import { ConverseStreamCommand, CountTokensCommand, InvokeModelCommand } from "@aws-sdk/client-bedrock-runtime";
import {
  asChat,
  asCohereEmbed,
  asConverse,
  asCount,
  asEmbedding,
  asMessage,
  asRerank,
  asResponse,
} from "../callers.ts";
import { ANSWER_SCHEMA, CHAT_JSON_SCHEMA, CHAT_QUESTION, MESSAGES_TOOL, QUESTION, SYSTEM } from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, converse, LIMIT, OPTIONS, SONNET, tool } from "./sdk.ts";

const NOVA = "amazon.nova-pro-v1:0";
const PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123";

const invoke = (body: object) => (sdk: BedrockRuntimeClient, modelId: string) =>
  sdk.send(
    new InvokeModelCommand({ modelId, body: JSON.stringify(body), contentType: "application/json", accept: "*/*" }),
  );

const CASES: readonly OracleCase<BedrockRuntimeClient>[] = [
  {
    name: "a plain question",
    model: NOVA,
    sdk: converse({ messages: [ask] }),
    callers: [
      asChat({ messages: CHAT_QUESTION }),
      asResponse({ input: QUESTION }),
      asConverse({ messages: [{ role: "user", content: [{ text: QUESTION }] }] }),
    ],
  },
  {
    name: "a question to a profile, whose name has colons and a slash",
    model: PROFILE,
    sdk: converse({ messages: [ask], inferenceConfig: LIMIT }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 100 }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100 }),
    ],
  },
  {
    name: "a system prompt and a limit",
    model: SONNET,
    sdk: converse({ system: [{ text: SYSTEM }], messages: [ask], inferenceConfig: LIMIT }),
    callers: [
      asChat({ messages: [{ role: "system", content: SYSTEM }, ...CHAT_QUESTION], max_tokens: 100 }),
      asMessage({ system: SYSTEM, messages: CHAT_QUESTION, max_tokens: 100 }),
      asResponse({ instructions: SYSTEM, input: QUESTION, max_output_tokens: 100 }),
    ],
  },
  {
    name: "a stream",
    model: SONNET,
    sdk: (sdk, modelId) => sdk.send(new ConverseStreamCommand({ modelId, messages: [ask], inferenceConfig: LIMIT })),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
    ],
  },
  {
    name: "sampling settings",
    model: "us.anthropic.claude-sonnet-4-20250514-v1:0",
    sdk: converse({
      messages: [ask],
      inferenceConfig: { maxTokens: 100, temperature: 0.3, topP: 0.9, stopSequences: ["END", "STOP"] },
      additionalModelRequestFields: { top_k: 40 },
      additionalModelResponseFieldPaths: ["/stop_sequence"],
    }),
    callers: [
      asChat({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        stop: ["END", "STOP"],
      }),
      asMessage({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        stop_sequences: ["END", "STOP"],
      }),
    ],
  },
  {
    name: "sampling settings of Nova's",
    model: NOVA,
    sdk: converse({
      messages: [ask],
      inferenceConfig: { maxTokens: 100, temperature: 0.3, topP: 0.9, stopSequences: ["END"] },
      additionalModelRequestFields: { inferenceConfig: { topK: 40 } },
    }),
    callers: [
      asChat({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        stop: "END",
      }),
    ],
  },
  {
    name: "metadata and a tier",
    model: NOVA,
    sdk: converse({
      messages: [ask],
      requestMetadata: { team: "weather" },
      serviceTier: { type: "flex" },
    }),
    callers: [
      asChat({ messages: CHAT_QUESTION, metadata: { team: "weather" }, service_tier: "flex" }),
      asResponse({ input: QUESTION, metadata: { team: "weather" }, service_tier: "flex" }),
    ],
  },
  {
    name: "an image in S3",
    model: NOVA,
    sdk: converse({
      messages: [
        {
          role: "user",
          content: [{ image: { format: "jpeg", source: { s3Location: { uri: "s3://example/cat.jpg" } } } }],
        },
      ],
    }),
    callers: [
      asChat({
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "s3://example/cat.jpg" } }] }],
      }),
    ],
  },
  {
    name: "a JSON schema",
    model: SONNET,
    sdk: converse({
      messages: [ask],
      inferenceConfig: LIMIT,
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: { jsonSchema: { name: "weather_report", schema: JSON.stringify(ANSWER_SCHEMA) } },
        },
      },
    }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 100, response_format: CHAT_JSON_SCHEMA }),
      asResponse({
        input: QUESTION,
        max_output_tokens: 100,
        text: { format: { type: "json_schema", name: "weather_report", schema: ANSWER_SCHEMA, strict: true } },
      }),
    ],
  },
  {
    name: "cache points",
    model: SONNET,
    sdk: converse({
      system: [{ text: SYSTEM }, { cachePoint: { type: "default", ttl: "1h" } }],
      messages: [{ role: "user", content: [{ text: QUESTION }, { cachePoint: { type: "default" } }] }],
      inferenceConfig: LIMIT,
      toolConfig: { tools: [tool, { cachePoint: { type: "default" } }] },
    }),
    callers: [
      asMessage({
        max_tokens: 100,
        system: [{ type: "text", text: SYSTEM, cache_control: { type: "ephemeral", ttl: "1h" } }],
        messages: [{ role: "user", content: [{ type: "text", text: QUESTION, cache_control: { type: "ephemeral" } }] }],
        tools: [{ ...MESSAGES_TOOL, cache_control: { type: "ephemeral" } }],
      }),
    ],
  },
  {
    name: "a text to be embedded by Titan",
    model: "amazon.titan-embed-text-v2:0",
    sdk: invoke({ inputText: "Paris", dimensions: 256 }),
    callers: [asEmbedding({ input: "Paris", dimensions: 256 })],
  },
  {
    name: "texts to be embedded by Cohere",
    model: "cohere.embed-english-v3",
    sdk: invoke({ texts: ["Paris", "Rome"], input_type: "search_document" }),
    callers: [asCohereEmbed({ texts: ["Paris", "Rome"], input_type: "search_document", embedding_types: ["float"] })],
  },
  {
    name: "rerank",
    model: "cohere.rerank-v3-5:0",
    sdk: invoke({ api_version: 2, query: "weather", documents: ["Paris", "Rome"], top_n: 1 }),
    callers: [asRerank({ query: "weather", documents: ["Paris", "Rome"], top_n: 1 })],
  },
  {
    name: "counting tokens",
    model: "anthropic.claude-sonnet-4-20250514-v1:0",
    sdk: (sdk, modelId) =>
      sdk.send(
        new CountTokensCommand({
          modelId,
          input: { converse: { system: [{ text: SYSTEM }], messages: [ask], toolConfig: { tools: [tool] } } },
        }),
      ),
    callers: [asCount({ system: SYSTEM, messages: CHAT_QUESTION, tools: [MESSAGES_TOOL] })],
  },
];

describeOracle("Amazon Bedrock gets what its SDK sends: prompts", OPTIONS, CASES);
