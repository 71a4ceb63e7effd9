/** What reaches Bedrock's Mantle endpoint, against the class that openai has for it, and @anthropic-ai/sdk. */
import Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import { BedrockOpenAI } from "openai";
import { asChat, asMessage, asResponse } from "./callers.ts";
import { CHAT_LOOP, CHAT_QUESTION, CHAT_TOOL, MESSAGES_LOOP, MESSAGES_TOOL, mutable, QUESTION } from "./material.ts";
import { describeOracle, type OracleCase, PROVIDER_KEY } from "./stage.ts";

const ENTRY = { region: "us-east-1" };

const GPT_CASES: readonly OracleCase<BedrockOpenAI>[] = [
  {
    name: "a question",
    model: "openai.gpt-5.5",
    sdk: (sdk, model) =>
      sdk.responses.create({
        model,
        store: false,
        input: [{ type: "message", role: "user", content: QUESTION }],
        max_output_tokens: 100,
      }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 100 }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100 }),
    ],
  },
  {
    name: "a question in its own API, which passes",
    model: "openai.gpt-5.5",
    sdk: (sdk, model) => sdk.responses.create({ model, input: QUESTION }),
    callers: [asResponse({ input: QUESTION })],
  },
];

const OPEN_CASES: readonly OracleCase<BedrockOpenAI>[] = [
  {
    name: "a tool loop with open weights",
    model: "openai.gpt-oss-120b",
    sdk: (sdk, model) =>
      sdk.chat.completions.create({
        model,
        messages: mutable(CHAT_LOOP) as unknown as OpenAI.ChatCompletionMessageParam[],
        tools: [mutable(CHAT_TOOL) as unknown as OpenAI.ChatCompletionTool],
        max_completion_tokens: 100,
      }),
    callers: [asMessage({ messages: MESSAGES_LOOP, tools: [MESSAGES_TOOL], max_tokens: 100 })],
  },
];

const CLAUDE_CASES: readonly OracleCase<Anthropic>[] = [
  {
    name: "a question",
    model: "anthropic.claude-sonnet-4-5",
    sdk: (sdk, model) =>
      sdk.messages.create({ model, max_tokens: 100, messages: [{ role: "user", content: QUESTION }] }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 100 }),
      asResponse({ input: QUESTION, max_output_tokens: 100 }),
    ],
  },
];

describeOracle(
  "GPT models at Bedrock's Mantle get what the SDK sends",
  {
    provider: "bedrock-mantle",
    entry: ENTRY,
    open: (endpoint) => new BedrockOpenAI({ baseURL: `${endpoint}/openai/v1`, apiKey: PROVIDER_KEY, maxRetries: 0 }),
  },
  GPT_CASES,
);

describeOracle(
  "other models at Bedrock's Mantle get what the SDK sends",
  {
    provider: "bedrock-mantle",
    entry: ENTRY,
    // They answer at /v1: https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html
    open: (endpoint) => new BedrockOpenAI({ baseURL: `${endpoint}/v1`, apiKey: PROVIDER_KEY, maxRetries: 0 }),
  },
  OPEN_CASES,
);

describeOracle(
  "Claude at Bedrock's Mantle gets what the SDK sends",
  {
    provider: "bedrock-mantle",
    entry: ENTRY,
    open: (endpoint) => new Anthropic({ baseURL: `${endpoint}/anthropic`, apiKey: PROVIDER_KEY, maxRetries: 0 }),
    differs: {
      "headers.anthropic-version": {
        ours: "2023-06-01",
        why: "on Bedrock the newer version is for Claude 4.7 and later: https://platform.claude.com/docs/en/api/versioning",
      },
    },
  },
  CLAUDE_CASES,
);
