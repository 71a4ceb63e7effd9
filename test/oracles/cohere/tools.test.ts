/** What reaches Cohere, against cohere-ai. */
import type { CohereClientV2 } from "cohere-ai";
import { asChat, asMessage, asResponse } from "../callers.ts";
import {
  CHAT_CALLS,
  CHAT_LOOP,
  CHAT_QUESTION,
  CHAT_RESULTS,
  CHAT_TOOL,
  MESSAGES_LOOP,
  MESSAGES_TOOL,
  PNG,
  PNG_URL,
  QUESTION,
  RESPONSES_LOOP,
  RESPONSES_TOOL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, callOf, calls, chat, COMMAND, OPTIONS, type Params, results, tool, VISION } from "./sdk.ts";

const choosing = (params: Partial<Params>) => chat({ messages: [ask], maxTokens: 100, tools: [tool], ...params });

const chatChoosing = (fields: object) =>
  asChat({ messages: CHAT_QUESTION, max_tokens: 100, tools: [CHAT_TOOL], ...fields });

const messageChoosing = (choice: object) =>
  asMessage({ messages: CHAT_QUESTION, max_tokens: 100, tools: [MESSAGES_TOOL], tool_choice: choice });

const CASES: readonly OracleCase<CohereClientV2>[] = [
  {
    name: "an image of the caller's",
    model: VISION,
    sdk: chat({
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
      asChat({
        max_tokens: 100,
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "image_url", image_url: { url: PNG_URL } },
            ],
          },
        ],
      }),
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
    name: "a tool",
    model: COMMAND,
    sdk: choosing({}),
    callers: [chatChoosing({}), asMessage({ messages: CHAT_QUESTION, max_tokens: 100, tools: [MESSAGES_TOOL] })],
  },
  {
    name: "a strict tool",
    model: COMMAND,
    sdk: choosing({ strictTools: true }),
    callers: [
      chatChoosing({ tools: [{ type: "function", function: { ...CHAT_TOOL.function, strict: true } }] }),
      asResponse({ max_output_tokens: 100, input: QUESTION, tools: [{ ...RESPONSES_TOOL, strict: true }] }),
    ],
  },
  {
    name: "tool_choice auto",
    model: COMMAND,
    sdk: choosing({}),
    callers: [chatChoosing({ tool_choice: "auto" }), messageChoosing({ type: "auto" })],
  },
  {
    name: "tool_choice required",
    model: COMMAND,
    sdk: choosing({ toolChoice: "REQUIRED" }),
    callers: [chatChoosing({ tool_choice: "required" }), messageChoosing({ type: "any" })],
  },
  {
    name: "tool_choice none",
    model: COMMAND,
    sdk: choosing({ toolChoice: "NONE" }),
    callers: [chatChoosing({ tool_choice: "none" }), messageChoosing({ type: "none" })],
  },
  {
    name: "tool_choice of a tool among two, which is the only one it is shown",
    model: COMMAND,
    sdk: choosing({ toolChoice: "REQUIRED" }),
    callers: [
      chatChoosing({
        tools: [CHAT_TOOL, { type: "function", function: { name: "clock", description: "The time." } }],
        tool_choice: { type: "function", function: { name: "weather" } },
      }),
      messageChoosing({ type: "tool", name: "weather" }),
    ],
  },
  {
    name: "a tool loop with two calls at once",
    model: COMMAND,
    sdk: chat({
      messages: [ask, { role: "assistant", toolPlan: "Let me look.", toolCalls: calls }, ...results],
      tools: [tool],
      maxTokens: 100,
    }),
    callers: [
      asChat({ max_tokens: 100, messages: CHAT_LOOP, tools: [CHAT_TOOL] }),
      asMessage({ max_tokens: 100, messages: MESSAGES_LOOP, tools: [MESSAGES_TOOL] }),
      asResponse(
        { max_output_tokens: 100, input: RESPONSES_LOOP, tools: [RESPONSES_TOOL] },
        { "body.strict_tools": { ours: false, why: "the caller says so" } },
      ),
    ],
  },
  {
    name: "a tool loop whose calls stand alone",
    model: COMMAND,
    sdk: chat({
      messages: [ask, { role: "assistant", toolCalls: calls }, ...results],
      tools: [tool],
      maxTokens: 100,
    }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: [...CHAT_QUESTION, { ...CHAT_CALLS, content: null }, ...CHAT_RESULTS],
        tools: [CHAT_TOOL],
      }),
    ],
  },
  {
    name: "a tool that failed",
    model: COMMAND,
    sdk: chat({
      messages: [
        ask,
        { role: "assistant", toolCalls: [callOf("Paris")] },
        {
          role: "tool",
          toolCallId: "call_paris",
          content: "Error: no such city",
        },
      ],
      tools: [tool],
      maxTokens: 100,
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
];

describeOracle("Cohere gets what its SDK sends: tools", OPTIONS, CASES);
