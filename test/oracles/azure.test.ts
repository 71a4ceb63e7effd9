/** What reaches Azure OpenAI, in both styles of its URLs, against openai. */
import OpenAI, { AzureOpenAI } from "openai";
import { asChat, asCohereEmbed, asGemini, asMessage, asResponse } from "./callers.ts";
import {
  CHAT_LOOP,
  CHAT_QUESTION,
  CHAT_TOOL,
  MESSAGES_LOOP,
  MESSAGES_TOOL,
  mutable,
  PNG,
  PNG_URL,
  QUESTION,
  RESPONSES_LOOP,
  RESPONSES_TOOL,
  SYSTEM,
} from "./material.ts";
import { describeOracle, type OracleCase, PROVIDER_KEY } from "./stage.ts";

const DEPLOYMENT = "gpt-4o-prod";
const API_VERSION = "2025-04-01-preview";

const ask: OpenAI.ChatCompletionMessageParam = { role: "user", content: QUESTION };
const tool = mutable(CHAT_TOOL) as unknown as OpenAI.ChatCompletionTool;

const CHAT_CASES: readonly OracleCase<OpenAI>[] = [
  {
    name: "a plain question",
    model: DEPLOYMENT,
    sdk: (sdk, model) => sdk.chat.completions.create({ model, messages: [ask] }),
    callers: [
      asChat({ messages: CHAT_QUESTION }),
      asGemini({ contents: [{ role: "user", parts: [{ text: QUESTION }] }] }),
    ],
  },
  {
    name: "a deployment whose name is to be encoded",
    model: "gpt 4o (prod) é",
    sdk: (sdk, model) => sdk.chat.completions.create({ model, messages: [ask], max_completion_tokens: 100 }),
    callers: [asMessage({ messages: CHAT_QUESTION, max_tokens: 100 })],
  },
  {
    name: "a system prompt, an image and sampling settings",
    model: DEPLOYMENT,
    sdk: (sdk, model) =>
      sdk.chat.completions.create({
        model,
        messages: [
          { role: "system", content: SYSTEM },
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "image_url", image_url: { url: PNG_URL } },
            ],
          },
        ],
        max_completion_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        stop: ["END"],
      }),
    callers: [
      asMessage({
        system: SYSTEM,
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
            ],
          },
        ],
        max_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        stop_sequences: ["END"],
      }),
    ],
  },
  {
    name: "a stream",
    model: DEPLOYMENT,
    sdk: (sdk, model) =>
      sdk.chat.completions.create({
        model,
        messages: [ask],
        max_completion_tokens: 100,
        stream: true,
        stream_options: { include_usage: true },
      }),
    callers: [asMessage({ messages: CHAT_QUESTION, max_tokens: 100, stream: true })],
  },
  {
    name: "a tool loop with two calls at once",
    model: DEPLOYMENT,
    sdk: (sdk, model) =>
      sdk.chat.completions.create({
        model,
        messages: mutable(CHAT_LOOP) as unknown as OpenAI.ChatCompletionMessageParam[],
        tools: [tool],
        tool_choice: "auto",
        parallel_tool_calls: false,
        max_completion_tokens: 100,
      }),
    callers: [
      asMessage({
        messages: MESSAGES_LOOP,
        tools: [MESSAGES_TOOL],
        tool_choice: { type: "auto", disable_parallel_tool_use: true },
        max_tokens: 100,
      }),
    ],
  },
  {
    name: "texts to be embedded",
    model: "text-embedding-3-small",
    sdk: (sdk, model) =>
      sdk.embeddings.create({ model, input: ["Paris", "Rome"], encoding_format: "float", dimensions: 256 }),
    callers: [
      asCohereEmbed({
        texts: ["Paris", "Rome"],
        input_type: "search_document",
        embedding_types: ["float"],
        output_dimension: 256,
      }),
    ],
  },
];

const RESPONSES_CASES: readonly OracleCase<OpenAI>[] = [
  {
    name: "a question to the Responses API",
    model: DEPLOYMENT,
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
    name: "a tool loop of the Responses API, which passes",
    model: DEPLOYMENT,
    sdk: (sdk, model) =>
      sdk.responses.create({
        model,
        input: mutable(RESPONSES_LOOP) as unknown as OpenAI.Responses.ResponseInput,
        tools: [mutable(RESPONSES_TOOL) as unknown as OpenAI.Responses.FunctionTool],
      }),
    callers: [asResponse({ input: RESPONSES_LOOP, tools: [RESPONSES_TOOL] })],
  },
];

for (const { dialect, cases } of [
  { dialect: "openai-chat", cases: CHAT_CASES },
  { dialect: "openai-responses", cases: RESPONSES_CASES },
]) {
  describeOracle(
    `Azure OpenAI by deployment gets what the SDK sends (${dialect})`,
    {
      provider: "azure",
      entry: { api_version: API_VERSION, dialect },
      open: (endpoint) => new AzureOpenAI({ endpoint, apiVersion: API_VERSION, apiKey: PROVIDER_KEY, maxRetries: 0 }),
    },
    cases,
  );

  describeOracle(
    `Azure OpenAI's v1 API gets what the SDK sends (${dialect})`,
    {
      provider: "azure-v1",
      entry: { dialect },
      open: (endpoint) => new OpenAI({ baseURL: `${endpoint}/openai/v1`, apiKey: PROVIDER_KEY, maxRetries: 0 }),
      // https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle shows a key in either header.
      differs: {
        "headers.api-key": { ours: PROVIDER_KEY, why: "takes keys in this header and in the other" },
        "headers.authorization": { ours: undefined, why: "takes keys in this header and in the other" },
      },
    },
    cases,
  );
}
