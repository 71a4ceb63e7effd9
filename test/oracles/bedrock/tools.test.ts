/** What reaches Amazon Bedrock, against @aws-sdk/client-bedrock-runtime; with a bearer key, as signatures have a test of their own. */
import type { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import { type Message, type ToolChoice } from "@aws-sdk/client-bedrock-runtime";
import { asChat, asMessage, asResponse } from "../callers.ts";
import {
  CHAT_CALLS,
  CHAT_LOOP,
  CHAT_QUESTION,
  CHAT_RESULTS,
  CHAT_TOOL,
  MESSAGES_LOOP,
  MESSAGES_TOOL,
  PDF,
  PDF_URL,
  PNG,
  PNG_URL,
  QUESTION,
  RESPONSES_LOOP,
  RESPONSES_TOOL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, callOf, converse, LIMIT, OPTIONS, resultOf, results, SONNET, tool } from "./sdk.ts";

const calls: Message = {
  role: "assistant",
  content: [{ text: "Let me look." }, callOf("Paris"), callOf("Rome")],
};

const choosing = (toolChoice: ToolChoice | null) =>
  converse({
    messages: [ask],
    inferenceConfig: LIMIT,
    toolConfig: { tools: [tool], ...(toolChoice === null ? {} : { toolChoice }) },
  });

const chatChoosing = (fields: object) =>
  asChat({ messages: CHAT_QUESTION, max_tokens: 100, tools: [CHAT_TOOL], ...fields });

const messageChoosing = (choice: object) =>
  asMessage({ messages: CHAT_QUESTION, max_tokens: 100, tools: [MESSAGES_TOOL], tool_choice: choice });

const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));

const CASES: readonly OracleCase<BedrockRuntimeClient>[] = [
  {
    name: "an image of the caller's",
    model: SONNET,
    sdk: converse({
      messages: [
        {
          role: "user",
          content: [{ text: "What is this?" }, { image: { format: "png", source: { bytes: bytes(PNG) } } }],
        },
      ],
      inferenceConfig: LIMIT,
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
    name: "a PDF of the caller's",
    model: SONNET,
    sdk: converse({
      messages: [
        {
          role: "user",
          content: [
            { document: { name: "report", format: "pdf", source: { bytes: bytes(PDF) } } },
            { text: "Sum it up." },
          ],
        },
      ],
      inferenceConfig: LIMIT,
    }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: [
          {
            role: "user",
            content: [
              { type: "file", file: { filename: "report.pdf", file_data: PDF_URL } },
              { type: "text", text: "Sum it up." },
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
              {
                type: "document",
                title: "report.pdf",
                source: { type: "base64", media_type: "application/pdf", data: PDF },
              },
              { type: "text", text: "Sum it up." },
            ],
          },
        ],
      }),
    ],
  },
  {
    name: "a tool",
    model: SONNET,
    sdk: choosing(null),
    callers: [
      chatChoosing({}),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100, tools: [MESSAGES_TOOL] }),
      asResponse({ input: QUESTION, max_output_tokens: 100, tools: [RESPONSES_TOOL] }),
    ],
  },
  {
    name: "tool_choice auto",
    model: SONNET,
    sdk: choosing({ auto: {} }),
    callers: [chatChoosing({ tool_choice: "auto" }), messageChoosing({ type: "auto" })],
  },
  {
    name: "tool_choice any",
    model: SONNET,
    sdk: choosing({ any: {} }),
    callers: [chatChoosing({ tool_choice: "required" }), messageChoosing({ type: "any" })],
  },
  {
    name: "tool_choice of a tool",
    model: SONNET,
    sdk: choosing({ tool: { name: "weather" } }),
    callers: [
      chatChoosing({ tool_choice: { type: "function", function: { name: "weather" } } }),
      messageChoosing({ type: "tool", name: "weather" }),
    ],
  },
  {
    name: "tool_choice none, which leaves out the tools",
    model: SONNET,
    sdk: converse({ messages: [ask], inferenceConfig: LIMIT }),
    callers: [chatChoosing({ tool_choice: "none" }), messageChoosing({ type: "none" })],
  },
  {
    name: "one call at a time",
    model: SONNET,
    sdk: converse({
      messages: [ask],
      inferenceConfig: LIMIT,
      toolConfig: { tools: [tool], toolChoice: { any: {} } },
      additionalModelRequestFields: { tool_choice: { disable_parallel_tool_use: true } },
    }),
    callers: [
      chatChoosing({ tool_choice: "required", parallel_tool_calls: false }),
      messageChoosing({ type: "any", disable_parallel_tool_use: true }),
    ],
  },
  {
    name: "a tool loop with two calls at once",
    model: SONNET,
    sdk: converse({ messages: [ask, calls, results], inferenceConfig: LIMIT, toolConfig: { tools: [tool] } }),
    callers: [
      asChat({ messages: CHAT_LOOP, max_tokens: 100, tools: [CHAT_TOOL] }),
      asMessage({ messages: MESSAGES_LOOP, max_tokens: 100, tools: [MESSAGES_TOOL] }),
      asResponse({ input: RESPONSES_LOOP, max_output_tokens: 100, tools: [RESPONSES_TOOL] }),
    ],
  },
  {
    name: "a tool that failed, and one that answers with an image",
    model: SONNET,
    sdk: converse({
      messages: [
        ask,
        calls,
        {
          role: "user",
          content: [
            { toolResult: { toolUseId: "call_paris", content: [{ text: "no such city" }], status: "error" } },
            {
              toolResult: {
                toolUseId: "call_rome",
                content: [{ text: "The radar:" }, { image: { format: "png", source: { bytes: bytes(PNG) } } }],
              },
            },
          ],
        },
      ],
      inferenceConfig: LIMIT,
      toolConfig: { tools: [tool] },
    }),
    callers: [
      asMessage({
        max_tokens: 100,
        messages: [
          ...MESSAGES_LOOP.slice(0, 2),
          {
            role: "user",
            content: [
              { type: "tool_result", tool_use_id: "call_paris", content: "no such city", is_error: true },
              {
                type: "tool_result",
                tool_use_id: "call_rome",
                content: [
                  { type: "text", text: "The radar:" },
                  { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
                ],
              },
            ],
          },
        ],
        tools: [MESSAGES_TOOL],
      }),
    ],
  },
  {
    name: "a question behind the results",
    model: SONNET,
    sdk: converse({
      messages: [
        ask,
        { role: "assistant", content: [callOf("Paris")] },
        { role: "user", content: [resultOf("Paris", "18 degrees"), { text: "And Rome?" }] },
      ],
      inferenceConfig: LIMIT,
      toolConfig: { tools: [tool] },
    }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: [
          ...CHAT_QUESTION,
          { role: "assistant", content: null, tool_calls: [CHAT_CALLS.tool_calls[0]] },
          CHAT_RESULTS[0],
          { role: "user", content: "And Rome?" },
        ],
        tools: [CHAT_TOOL],
      }),
    ],
  },
];

describeOracle("Amazon Bedrock gets what its SDK sends: tools", OPTIONS, CASES);
