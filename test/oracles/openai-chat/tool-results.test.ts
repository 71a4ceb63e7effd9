/** What reaches OpenAI's chat completions and embeddings, against openai. */
import type OpenAI from "openai";
import { asGemini, asMessage, asResponse } from "../callers.ts";
import {
  CHAT_CALLS,
  CHAT_LOOP,
  CHAT_RESULTS,
  CHAT_TOOL,
  CITY_SCHEMA,
  DESCRIPTION,
  MESSAGES_LOOP,
  MESSAGES_TOOL,
  mutable,
  QUESTION,
  RESPONSES_LOOP,
  RESPONSES_TOOL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, create, GEMINI_QUESTION, GPT_4O, GPT_5, OPTIONS } from "./sdk.ts";

const loop = mutable(CHAT_LOOP) as unknown as OpenAI.ChatCompletionMessageParam[];

const tool = mutable(CHAT_TOOL) as unknown as OpenAI.ChatCompletionTool;

const GEMINI_TOOLS = [
  { functionDeclarations: [{ name: "weather", description: DESCRIPTION, parametersJsonSchema: CITY_SCHEMA }] },
];

/** A Responses tool says that it is not strict, which a chat tool does not. */
const NOT_STRICT = {
  "body.tools.0.function.strict": { theirs: undefined, ours: false, why: "the caller's own word" },
};

const CASES: readonly OracleCase<OpenAI>[] = [
  {
    name: "a custom tool",
    model: GPT_5,
    sdk: create({
      messages: ask,
      tools: [{ type: "custom", custom: { name: "code", description: "Runs code.", format: { type: "text" } } }],
    }),
    callers: [
      asResponse({
        input: QUESTION,
        tools: [{ type: "custom", name: "code", description: "Runs code.", format: { type: "text" } }],
      }),
    ],
  },
  {
    name: "a tool loop with two calls at once",
    model: GPT_4O,
    sdk: create({ messages: loop, tools: [tool], max_completion_tokens: 100 }),
    callers: [
      asMessage({ max_tokens: 100, messages: MESSAGES_LOOP, tools: [MESSAGES_TOOL] }),
      asResponse({ max_output_tokens: 100, input: RESPONSES_LOOP, tools: [RESPONSES_TOOL] }, NOT_STRICT),
      asGemini(
        {
          contents: [
            ...GEMINI_QUESTION,
            {
              role: "model",
              parts: [
                { text: "Let me look." },
                { functionCall: { id: "call_paris", name: "weather", args: { city: "Paris" } } },
                { functionCall: { id: "call_rome", name: "weather", args: { city: "Rome" } } },
              ],
            },
            {
              role: "user",
              parts: [
                { functionResponse: { id: "call_paris", name: "weather", response: { output: "18 degrees" } } },
                { functionResponse: { id: "call_rome", name: "weather", response: { output: "24 degrees" } } },
              ],
            },
          ],
          generationConfig: { maxOutputTokens: 100 },
          tools: GEMINI_TOOLS,
        },
        {
          "body.messages.2.content": { ours: '{"output":"18 degrees"}', why: "the caller's result is this object" },
          "body.messages.3.content": { ours: '{"output":"24 degrees"}', why: "the caller's result is this object" },
        },
      ),
    ],
  },
  {
    name: "a tool that failed",
    model: GPT_4O,
    sdk: create({
      messages: [
        ...ask,
        { role: "assistant", content: null, tool_calls: mutable([CHAT_CALLS.tool_calls[0]]) },
        { role: "tool", tool_call_id: "call_paris", content: "Error: no such city" },
      ],
      tools: [tool],
      max_completion_tokens: 100,
    }),
    callers: [
      asMessage({
        max_tokens: 100,
        messages: [
          MESSAGES_LOOP[0],
          {
            role: "assistant",
            content: [{ type: "tool_use", id: "call_paris", name: "weather", input: { city: "Paris" } }],
          },
          {
            role: "user",
            content: [{ type: "tool_result", tool_use_id: "call_paris", content: "no such city", is_error: true }],
          },
        ],
        tools: [MESSAGES_TOOL],
      }),
    ],
  },
  {
    name: "a question behind the results",
    model: GPT_4O,
    sdk: create({
      messages: [
        ...ask,
        mutable(CHAT_CALLS) as unknown as OpenAI.ChatCompletionAssistantMessageParam,
        ...(mutable(CHAT_RESULTS) as unknown as OpenAI.ChatCompletionToolMessageParam[]),
        { role: "user", content: "And Oslo?" },
      ],
      tools: [tool],
      max_completion_tokens: 100,
    }),
    callers: [
      asMessage({
        max_tokens: 100,
        messages: [
          ...MESSAGES_LOOP.slice(0, 2),
          { role: "user", content: [...MESSAGES_LOOP[2].content, { type: "text", text: "And Oslo?" }] },
        ],
        tools: [MESSAGES_TOOL],
      }),
    ],
  },
];

describeOracle("OpenAI's chat completions get what its SDK sends: tool-results", OPTIONS, CASES);
