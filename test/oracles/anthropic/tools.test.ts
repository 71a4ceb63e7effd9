/** What reaches Anthropic, against @anthropic-ai/sdk. */
import type Anthropic from "@anthropic-ai/sdk";
import { asChat, asGemini, asMessage, asResponse } from "../callers.ts";
import {
  CHAT_QUESTION,
  CHAT_TOOL,
  CITY_SCHEMA,
  DESCRIPTION,
  mutable,
  PDF,
  PDF_URL,
  PNG,
  PNG_URL,
  QUESTION,
  RESPONSES_TOOL,
  SYSTEM,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, create, OPTIONS, SONNET, tool, user } from "./sdk.ts";

/** A call with one tool, and how it may be called. */
const choosing = (choice: Anthropic.ToolChoice) =>
  create({ max_tokens: 100, messages: [ask], tools: [tool], tool_choice: choice });

const chatChoosing = (fields: object) =>
  asChat({ max_tokens: 100, messages: CHAT_QUESTION, tools: [CHAT_TOOL], ...fields });

const responseChoosing = (fields: object) =>
  asResponse({ max_output_tokens: 100, input: QUESTION, tools: [RESPONSES_TOOL], ...fields });

const CASES: readonly OracleCase<Anthropic>[] = [
  {
    name: "an image of the caller's",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [
        user([
          { type: "text", text: "What is this?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
        ]),
      ],
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
      asResponse({
        max_output_tokens: 100,
        input: [
          {
            role: "user",
            content: [
              { type: "input_text", text: "What is this?" },
              { type: "input_image", image_url: PNG_URL, detail: "auto" },
            ],
          },
        ],
      }),
      asGemini({
        contents: [
          {
            role: "user",
            parts: [{ text: "What is this?" }, { inlineData: { mimeType: "image/png", data: PNG } }],
          },
        ],
        generationConfig: { maxOutputTokens: 100 },
      }),
    ],
  },
  {
    name: "a PDF of the caller's",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [
        user([
          {
            type: "document",
            source: { type: "base64", media_type: "application/pdf", data: PDF },
            title: "report.pdf",
          },
          { type: "text", text: "Sum it up." },
        ]),
      ],
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
      asResponse({
        max_output_tokens: 100,
        input: [
          {
            role: "user",
            content: [
              { type: "input_file", filename: "report.pdf", file_data: PDF_URL },
              { type: "input_text", text: "Sum it up." },
            ],
          },
        ],
      }),
    ],
  },
  {
    name: "a tool",
    model: SONNET,
    sdk: create({ max_tokens: 100, messages: [ask], tools: [tool] }),
    callers: [
      chatChoosing({}),
      responseChoosing({}),
      asGemini({
        contents: [{ role: "user", parts: [{ text: QUESTION }] }],
        generationConfig: { maxOutputTokens: 100 },
        tools: [
          { functionDeclarations: [{ name: "weather", description: DESCRIPTION, parametersJsonSchema: CITY_SCHEMA }] },
        ],
      }),
    ],
  },
  {
    name: "a tool without arguments",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [ask],
      tools: [{ name: "clock", description: "The time.", input_schema: { type: "object", properties: {} } }],
    }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: CHAT_QUESTION,
        tools: [{ type: "function", function: { name: "clock", description: "The time." } }],
      }),
    ],
  },
  {
    name: "a strict tool",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [ask],
      tools: [{ ...tool, strict: true, input_schema: { ...mutable(CITY_SCHEMA), additionalProperties: false } }],
    }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: CHAT_QUESTION,
        tools: [
          {
            type: "function",
            function: {
              name: "weather",
              description: DESCRIPTION,
              parameters: { ...CITY_SCHEMA, additionalProperties: false },
              strict: true,
            },
          },
        ],
      }),
    ],
  },
  {
    name: "tool_choice auto",
    model: SONNET,
    sdk: choosing({ type: "auto" }),
    callers: [chatChoosing({ tool_choice: "auto" }), responseChoosing({ tool_choice: "auto" })],
  },
  {
    name: "tool_choice any",
    model: SONNET,
    sdk: choosing({ type: "any" }),
    callers: [chatChoosing({ tool_choice: "required" }), responseChoosing({ tool_choice: "required" })],
  },
  {
    name: "tool_choice none",
    model: SONNET,
    sdk: choosing({ type: "none" }),
    callers: [chatChoosing({ tool_choice: "none" }), responseChoosing({ tool_choice: "none" })],
  },
  {
    name: "tool_choice of a tool",
    model: SONNET,
    sdk: choosing({ type: "tool", name: "weather" }),
    callers: [
      chatChoosing({ tool_choice: { type: "function", function: { name: "weather" } } }),
      responseChoosing({ tool_choice: { type: "function", name: "weather" } }),
    ],
  },
  {
    name: "one call at a time",
    model: SONNET,
    sdk: choosing({ type: "auto", disable_parallel_tool_use: true }),
    callers: [chatChoosing({ parallel_tool_calls: false }), responseChoosing({ parallel_tool_calls: false })],
  },
  {
    name: "exactly one call",
    model: SONNET,
    sdk: choosing({ type: "any", disable_parallel_tool_use: true }),
    callers: [
      chatChoosing({ tool_choice: "required", parallel_tool_calls: false }),
      responseChoosing({ tool_choice: "required", parallel_tool_calls: false }),
    ],
  },
  {
    name: "a call like the SDK's own, passed untouched",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      cache_control: { type: "ephemeral" },
      system: [{ type: "text", text: SYSTEM, cache_control: { type: "ephemeral", ttl: "1h" } }],
      messages: [user([{ type: "text", text: QUESTION, cache_control: { type: "ephemeral" } }])],
      tools: [{ ...tool, cache_control: { type: "ephemeral" } }],
    }),
    callers: [
      asMessage({
        max_tokens: 100,
        cache_control: { type: "ephemeral" },
        system: [{ type: "text", text: SYSTEM, cache_control: { type: "ephemeral", ttl: "1h" } }],
        messages: [{ role: "user", content: [{ type: "text", text: QUESTION, cache_control: { type: "ephemeral" } }] }],
        tools: [
          {
            name: "weather",
            description: DESCRIPTION,
            input_schema: CITY_SCHEMA,
            cache_control: { type: "ephemeral" },
          },
        ],
      }),
    ],
  },
];

describeOracle("Anthropic gets what its SDK sends: tools", OPTIONS, CASES);
