/** What reaches Groq, against groq-sdk. */
import Groq from "groq-sdk";
import type { ChatCompletionCreateParamsNonStreaming } from "groq-sdk/resources/chat/completions";
import { asGemini, asMessage, asOllama, asResponse } from "./callers.ts";
import {
  ANSWER_SCHEMA,
  CHAT_LOOP,
  CHAT_QUESTION,
  CHAT_TOOL,
  MESSAGES_LOOP,
  MESSAGES_TOOL,
  mutable,
  PNG,
  PNG_URL,
  QUESTION,
  SYSTEM,
} from "./material.ts";
import { describeOracle, type OracleCase, PROVIDER_KEY } from "./stage.ts";

const LLAMA = "llama-3.3-70b-versatile";
const SCOUT = "meta-llama/llama-4-scout-17b-16e-instruct";
const GPT_OSS = "openai/gpt-oss-120b";

type Params = Omit<ChatCompletionCreateParamsNonStreaming, "model">;
const create = (params: Params) => (sdk: Groq, model: string) => sdk.chat.completions.create({ model, ...params });

const ask: Groq.Chat.ChatCompletionMessageParam = { role: "user", content: QUESTION };
const tool = mutable(CHAT_TOOL) as unknown as Groq.Chat.ChatCompletionTool;
const choosing = (params: Partial<Params>) =>
  create({ messages: [ask], max_completion_tokens: 100, tools: [tool], ...params });
const messageChoosing = (choice: object) =>
  asMessage({ messages: CHAT_QUESTION, max_tokens: 100, tools: [MESSAGES_TOOL], tool_choice: choice });
const gemini = (generationConfig: object) =>
  asGemini({ contents: [{ role: "user", parts: [{ text: QUESTION }] }], generationConfig });

const CASES: readonly OracleCase<Groq>[] = [
  {
    name: "a plain question",
    model: LLAMA,
    sdk: create({ messages: [ask] }),
    callers: [gemini({}), asOllama({ messages: CHAT_QUESTION, stream: false })],
  },
  {
    name: "a system prompt and a limit",
    model: LLAMA,
    sdk: create({ messages: [{ role: "system", content: SYSTEM }, ask], max_completion_tokens: 100 }),
    callers: [asMessage({ system: SYSTEM, messages: CHAT_QUESTION, max_tokens: 100 })],
  },
  {
    name: "a stream",
    model: LLAMA,
    sdk: (sdk, model) =>
      sdk.chat.completions.create({ model, messages: [ask], max_completion_tokens: 100, stream: true }),
    // In Groq's SDK stream_options are not typed; its documentation has them.
    differs: { "body.stream_options": { ours: { include_usage: true }, why: "usage is counted" } },
    callers: [asMessage({ messages: CHAT_QUESTION, max_tokens: 100, stream: true })],
  },
  {
    name: "sampling settings",
    model: LLAMA,
    sdk: create({
      messages: [ask],
      max_completion_tokens: 100,
      temperature: 0.3,
      top_p: 0.9,
      seed: 7,
      frequency_penalty: 0.25,
      presence_penalty: 0.5,
      stop: ["END", "STOP"],
    }),
    callers: [
      gemini({
        maxOutputTokens: 100,
        temperature: 0.3,
        topP: 0.9,
        seed: 7,
        frequencyPenalty: 0.25,
        presencePenalty: 0.5,
        stopSequences: ["END", "STOP"],
        candidateCount: 1,
      }),
    ],
  },
  {
    name: "a user",
    model: LLAMA,
    sdk: create({ messages: [ask], max_completion_tokens: 100, user: "user-1" }),
    callers: [asMessage({ messages: CHAT_QUESTION, max_tokens: 100, metadata: { user_id: "user-1" } })],
  },
  {
    name: "an image of the caller's, with a model whose name has a slash",
    model: SCOUT,
    sdk: create({
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: PNG_URL } },
          ],
        },
      ],
      max_completion_tokens: 100,
    }),
    callers: [
      asMessage({
        max_tokens: 100,
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
            ],
          },
        ],
      }),
    ],
  },
  {
    name: "tool_choice auto",
    model: LLAMA,
    sdk: choosing({ tool_choice: "auto" }),
    callers: [messageChoosing({ type: "auto" })],
  },
  {
    name: "tool_choice required",
    model: LLAMA,
    sdk: choosing({ tool_choice: "required" }),
    callers: [messageChoosing({ type: "any" })],
  },
  {
    name: "tool_choice none",
    model: LLAMA,
    sdk: choosing({ tool_choice: "none" }),
    callers: [messageChoosing({ type: "none" })],
  },
  {
    name: "tool_choice of a tool",
    model: LLAMA,
    sdk: choosing({ tool_choice: { type: "function", function: { name: "weather" } } }),
    callers: [messageChoosing({ type: "tool", name: "weather" })],
  },
  {
    name: "one call at a time",
    model: LLAMA,
    sdk: choosing({ tool_choice: "auto", parallel_tool_calls: false }),
    callers: [messageChoosing({ type: "auto", disable_parallel_tool_use: true })],
  },
  {
    name: "a tool loop with two calls at once",
    model: LLAMA,
    sdk: create({
      messages: mutable(CHAT_LOOP) as unknown as Groq.Chat.ChatCompletionMessageParam[],
      tools: [tool],
      max_completion_tokens: 100,
    }),
    callers: [asMessage({ messages: MESSAGES_LOOP, max_tokens: 100, tools: [MESSAGES_TOOL] })],
  },
  {
    name: "JSON mode",
    model: LLAMA,
    sdk: create({ messages: [ask], response_format: { type: "json_object" } }),
    callers: [gemini({ responseMimeType: "application/json" })],
  },
  {
    name: "a JSON schema",
    model: SCOUT,
    sdk: create({
      messages: [ask],
      max_completion_tokens: 100,
      response_format: {
        type: "json_schema",
        json_schema: { name: "output", schema: mutable(ANSWER_SCHEMA) },
      },
    }),
    callers: [
      asMessage({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        output_config: { format: { type: "json_schema", schema: ANSWER_SCHEMA } },
      }),
    ],
  },
  {
    name: "an effort",
    model: GPT_OSS,
    sdk: create({ messages: [ask], reasoning_effort: "low" }),
    callers: [gemini({ thinkingConfig: { thinkingLevel: "LOW" } })],
  },
  {
    name: "a question to its Responses API, which passes",
    model: GPT_OSS,
    sdk: (sdk, model) => sdk.post("/openai/v1/responses", { body: { model, input: QUESTION } }),
    callers: [asResponse({ input: QUESTION })],
  },
];

describeOracle(
  "Groq gets what its SDK sends",
  {
    provider: "groq",
    basePath: "/openai/v1",
    // The SDK puts prefix and version into its paths.
    open: (baseUrl) => new Groq({ baseURL: baseUrl.replace(/\/openai\/v1$/, ""), apiKey: PROVIDER_KEY, maxRetries: 0 }),
  },
  CASES,
);
