/** What reaches Mistral AI, against @mistralai/mistralai. */
import { Mistral } from "@mistralai/mistralai";
import type { ChatCompletionRequest } from "@mistralai/mistralai/models/components/chatcompletionrequest.js";
import type { Tool } from "@mistralai/mistralai/models/components/tool.js";
import { asCohereEmbed, asGemini, asMessage, asOllama, asOllamaEmbed, asResponse } from "./callers.ts";
import {
  ANSWER_SCHEMA,
  CHAT_QUESTION,
  CITY_SCHEMA,
  DESCRIPTION,
  IMAGE_LINK,
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

const LARGE = "mistral-large-latest";
const SMALL = "mistral-small-latest";

type Params = Omit<ChatCompletionRequest, "model">;
const complete = (params: Params) => (sdk: Mistral, model: string) => sdk.chat.complete({ model, ...params });

const ask = { role: "user" as const, content: QUESTION };
const tool: Tool & { type: "function" } = {
  type: "function",
  function: { name: "weather", description: DESCRIPTION, parameters: mutable(CITY_SCHEMA) },
};
const callOf = (city: string) => ({
  id: `call_${city.toLowerCase()}`,
  type: "function" as const,
  function: { name: "weather", arguments: JSON.stringify({ city }) },
});
const loop: ChatCompletionRequest["messages"] = [
  ask,
  { role: "assistant", content: "Let me look.", toolCalls: [callOf("Paris"), callOf("Rome")] },
  { role: "tool", toolCallId: "call_paris", content: "18 degrees" },
  { role: "tool", toolCallId: "call_rome", content: "24 degrees" },
];
const choosing = (params: Partial<Params>) => complete({ messages: [ask], maxTokens: 100, tools: [tool], ...params });
const messageChoosing = (choice: object) =>
  asMessage({ messages: CHAT_QUESTION, max_tokens: 100, tools: [MESSAGES_TOOL], tool_choice: choice });
const responseChoosing = (fields: object) =>
  asResponse({ input: QUESTION, max_output_tokens: 100, tools: [{ ...RESPONSES_TOOL, strict: null }], ...fields });

/** https://docs.mistral.ai/api/endpoint/chat */
const DEFAULT = "the API's own default, which the SDK spells out";

const CASES: readonly OracleCase<Mistral>[] = [
  {
    name: "a plain question",
    model: LARGE,
    sdk: complete({ messages: [ask] }),
    callers: [
      asResponse({ input: QUESTION }),
      asGemini({ contents: [{ role: "user", parts: [{ text: QUESTION }] }] }),
      asOllama({ messages: CHAT_QUESTION, stream: false }),
    ],
  },
  {
    name: "a system prompt and a limit",
    model: LARGE,
    sdk: complete({ messages: [{ role: "system", content: SYSTEM }, ask], maxTokens: 100 }),
    callers: [
      asMessage({ system: SYSTEM, messages: CHAT_QUESTION, max_tokens: 100 }),
      asResponse({ instructions: SYSTEM, input: QUESTION, max_output_tokens: 100 }),
    ],
  },
  {
    name: "a stream",
    model: LARGE,
    sdk: (sdk, model) => sdk.chat.stream({ model, messages: [ask], maxTokens: 100 }),
    callers: [
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
      asResponse({ input: QUESTION, max_output_tokens: 100, stream: true }),
    ],
  },
  {
    name: "sampling settings",
    model: LARGE,
    sdk: complete({
      messages: [ask],
      maxTokens: 100,
      temperature: 0.3,
      topP: 0.9,
      randomSeed: 7,
      frequencyPenalty: 0.25,
      presencePenalty: 0.5,
      stop: ["END", "STOP"],
      n: 2,
    }),
    callers: [
      asGemini({
        contents: [{ role: "user", parts: [{ text: QUESTION }] }],
        generationConfig: {
          maxOutputTokens: 100,
          temperature: 0.3,
          topP: 0.9,
          seed: 7,
          frequencyPenalty: 0.25,
          presencePenalty: 0.5,
          stopSequences: ["END", "STOP"],
          candidateCount: 2,
        },
      }),
    ],
  },
  {
    name: "metadata and a cache key",
    model: LARGE,
    sdk: complete({ messages: [ask], metadata: { team: "weather" }, promptCacheKey: "weather-1" }),
    callers: [asResponse({ input: QUESTION, metadata: { team: "weather" }, prompt_cache_key: "weather-1" })],
  },
  {
    name: "an image of the caller's",
    model: LARGE,
    sdk: complete({
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", imageUrl: { url: PNG_URL } },
          ],
        },
      ],
      maxTokens: 100,
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
    name: "an image on the web",
    model: LARGE,
    sdk: complete({
      messages: [{ role: "user", content: [{ type: "image_url", imageUrl: { url: IMAGE_LINK, detail: "high" } }] }],
    }),
    callers: [
      asResponse({
        input: [{ role: "user", content: [{ type: "input_image", image_url: IMAGE_LINK, detail: "high" }] }],
      }),
    ],
  },
  {
    name: "a tool",
    model: LARGE,
    sdk: choosing({}),
    callers: [asMessage({ messages: CHAT_QUESTION, max_tokens: 100, tools: [MESSAGES_TOOL] }), responseChoosing({})],
  },
  {
    name: "tool_choice auto",
    model: LARGE,
    sdk: choosing({ toolChoice: "auto" }),
    callers: [messageChoosing({ type: "auto" }), responseChoosing({ tool_choice: "auto" })],
  },
  {
    name: "tool_choice any",
    model: LARGE,
    sdk: choosing({ toolChoice: "required" }),
    callers: [messageChoosing({ type: "any" }), responseChoosing({ tool_choice: "required" })],
  },
  {
    name: "tool_choice none",
    model: LARGE,
    sdk: choosing({ toolChoice: "none" }),
    callers: [messageChoosing({ type: "none" }), responseChoosing({ tool_choice: "none" })],
  },
  {
    name: "tool_choice of a tool",
    model: LARGE,
    sdk: choosing({ toolChoice: { type: "function", function: { name: "weather" } } }),
    callers: [
      messageChoosing({ type: "tool", name: "weather" }),
      responseChoosing({ tool_choice: { type: "function", name: "weather" } }),
    ],
  },
  {
    name: "one call at a time",
    model: LARGE,
    sdk: choosing({ toolChoice: "auto", parallelToolCalls: false }),
    callers: [
      messageChoosing({ type: "auto", disable_parallel_tool_use: true }),
      responseChoosing({ tool_choice: "auto", parallel_tool_calls: false }),
    ],
  },
  {
    name: "a tool loop with two calls at once",
    model: LARGE,
    sdk: complete({ messages: loop, tools: [tool], maxTokens: 100 }),
    differs: {
      "body.messages.1.prefix": { theirs: false, ours: undefined, why: DEFAULT },
      "body.messages.1.tool_calls.0.index": { theirs: 0, ours: undefined, why: DEFAULT },
      "body.messages.1.tool_calls.1.index": { theirs: 0, ours: undefined, why: DEFAULT },
    },
    callers: [
      asMessage({ max_tokens: 100, messages: MESSAGES_LOOP, tools: [MESSAGES_TOOL] }),
      asResponse({
        max_output_tokens: 100,
        input: RESPONSES_LOOP,
        tools: [{ ...RESPONSES_TOOL, strict: null }],
      }),
    ],
  },
  {
    name: "JSON mode",
    model: LARGE,
    sdk: complete({ messages: [ask], responseFormat: { type: "json_object" } }),
    callers: [asResponse({ input: QUESTION, text: { format: { type: "json_object" } } })],
  },
  {
    name: "a JSON schema",
    model: LARGE,
    sdk: complete({
      messages: [ask],
      responseFormat: {
        type: "json_schema",
        jsonSchema: { name: "weather_report", schemaDefinition: mutable(ANSWER_SCHEMA), strict: true },
      },
    }),
    callers: [
      asResponse({
        input: QUESTION,
        text: { format: { type: "json_schema", name: "weather_report", schema: ANSWER_SCHEMA, strict: true } },
      }),
    ],
  },
  {
    name: "an effort",
    model: SMALL,
    sdk: complete({ messages: [ask], reasoningEffort: "high" }),
    callers: [asResponse({ input: QUESTION, reasoning: { effort: "high" } })],
  },
  {
    name: "texts to be embedded",
    model: "codestral-embed",
    sdk: (sdk, model) =>
      sdk.embeddings.create({ model, inputs: ["Paris", "Rome"], outputDimension: 256, encodingFormat: "float" }),
    callers: [
      asCohereEmbed({
        texts: ["Paris", "Rome"],
        input_type: "search_document",
        embedding_types: ["float"],
        output_dimension: 256,
      }),
      asOllamaEmbed({ input: ["Paris", "Rome"], dimensions: 256 }),
    ],
  },
];

describeOracle(
  "Mistral AI gets what its SDK sends",
  {
    provider: "mistral",
    basePath: "/v1",
    // The SDK puts the version into its paths.
    open: (baseUrl) =>
      new Mistral({
        serverURL: baseUrl.replace(/\/v1$/, ""),
        apiKey: PROVIDER_KEY,
        retryConfig: { strategy: "none" },
      }),
    differs: {
      "body.stream": { theirs: false, ours: undefined, why: DEFAULT },
      "headers.cookie": { theirs: "", ours: undefined, why: "the SDK has none to send, and says so" },
    },
  },
  CASES,
);
