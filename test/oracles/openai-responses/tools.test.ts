/** What reaches OpenAI's Responses API, against openai. */
import type OpenAI from "openai";
import { asChat, asMessage, type Differs } from "../callers.ts";
import {
  CHAT_LOOP,
  CHAT_QUESTION,
  CHAT_TOOL,
  MESSAGES_LOOP,
  MESSAGES_TOOL,
  PDF,
  PDF_LINK,
  PDF_URL,
  PNG,
  PNG_URL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, call, create, GPT_4O, GPT_5, OPTIONS, type Params, result, tool, user } from "./sdk.ts";

const loop: OpenAI.Responses.ResponseInput = [
  ...ask,
  { type: "message", role: "assistant", content: "Let me look." },
  call("Paris"),
  call("Rome"),
  result("Paris", "18 degrees"),
  result("Rome", "24 degrees"),
];

const choosing = (fields: Partial<Params>) => create({ input: ask, max_output_tokens: 100, tools: [tool], ...fields });

const chatChoosing = (fields: object, differs?: Differs) =>
  asChat({ max_tokens: 100, messages: CHAT_QUESTION, tools: [CHAT_TOOL], ...fields }, differs);

const messageChoosing = (choice: object) =>
  asMessage({ max_tokens: 100, messages: CHAT_QUESTION, tools: [MESSAGES_TOOL], tool_choice: choice });

const CASES: readonly OracleCase<OpenAI>[] = [
  {
    name: "an image of the caller's",
    model: GPT_4O,
    sdk: create({
      input: [
        user([
          { type: "input_text", text: "What is this?" },
          { type: "input_image", image_url: PNG_URL, detail: "high" },
        ]),
      ],
    }),
    callers: [
      asChat({
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "image_url", image_url: { url: PNG_URL, detail: "high" } },
            ],
          },
        ],
      }),
      asMessage(
        {
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
        },
        {
          "body.max_output_tokens": { ours: 100, why: "the caller must say it" },
          "body.input.0.content.1.detail": { ours: undefined, why: "the caller has no such word" },
        },
      ),
    ],
  },
  {
    name: "a PDF of the caller's, and one on the web",
    model: GPT_4O,
    sdk: create({
      input: [
        user([
          { type: "input_file", filename: "report.pdf", file_data: PDF_URL },
          { type: "input_file", file_url: PDF_LINK },
        ]),
      ],
      max_output_tokens: 100,
    }),
    callers: [
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
              { type: "document", source: { type: "url", url: PDF_LINK } },
            ],
          },
        ],
      }),
    ],
  },
  {
    name: "a tool",
    model: GPT_4O,
    sdk: choosing({}),
    callers: [chatChoosing({}), asMessage({ max_tokens: 100, messages: CHAT_QUESTION, tools: [MESSAGES_TOOL] })],
  },
  {
    name: "a strict tool",
    model: GPT_4O,
    sdk: choosing({ tools: [{ ...tool, strict: true }] }),
    callers: [
      chatChoosing({
        tools: [{ type: "function", function: { ...CHAT_TOOL.function, strict: true } }],
      }),
    ],
  },
  {
    name: "tool_choice auto",
    model: GPT_4O,
    sdk: choosing({ tool_choice: "auto" }),
    callers: [chatChoosing({ tool_choice: "auto" }), messageChoosing({ type: "auto" })],
  },
  {
    name: "tool_choice required",
    model: GPT_4O,
    sdk: choosing({ tool_choice: "required" }),
    callers: [chatChoosing({ tool_choice: "required" }), messageChoosing({ type: "any" })],
  },
  {
    name: "tool_choice none",
    model: GPT_4O,
    sdk: choosing({ tool_choice: "none" }),
    callers: [chatChoosing({ tool_choice: "none" }), messageChoosing({ type: "none" })],
  },
  {
    name: "tool_choice of a tool",
    model: GPT_4O,
    sdk: choosing({ tool_choice: { type: "function", name: "weather" } }),
    callers: [
      chatChoosing({ tool_choice: { type: "function", function: { name: "weather" } } }),
      messageChoosing({ type: "tool", name: "weather" }),
    ],
  },
  {
    name: "tool_choice of some tools",
    model: GPT_4O,
    sdk: choosing({
      tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "weather" }] },
    }),
    callers: [
      chatChoosing({
        tool_choice: {
          type: "allowed_tools",
          allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "weather" } }] },
        },
      }),
    ],
  },
  {
    name: "one call at a time",
    model: GPT_4O,
    sdk: choosing({ tool_choice: "auto", parallel_tool_calls: false }),
    callers: [
      chatChoosing({ tool_choice: "auto", parallel_tool_calls: false }),
      messageChoosing({ type: "auto", disable_parallel_tool_use: true }),
    ],
  },
  {
    name: "a custom tool, called and answered",
    model: GPT_5,
    sdk: create({
      input: [
        ...ask,
        { type: "custom_tool_call", call_id: "call_code", name: "code", input: "print(1)" },
        { type: "custom_tool_call_output", call_id: "call_code", output: "1" },
      ],
      tools: [{ type: "custom", name: "code", description: "Runs code." }],
    }),
    callers: [
      asChat({
        messages: [
          ...CHAT_QUESTION,
          {
            role: "assistant",
            content: null,
            tool_calls: [{ id: "call_code", type: "custom", custom: { name: "code", input: "print(1)" } }],
          },
          { role: "tool", tool_call_id: "call_code", content: "1" },
        ],
        tools: [{ type: "custom", custom: { name: "code", description: "Runs code." } }],
      }),
    ],
  },
  {
    name: "a tool loop with two calls at once",
    model: GPT_4O,
    sdk: create({ input: loop, tools: [tool], max_output_tokens: 100 }),
    callers: [
      asChat({ max_tokens: 100, messages: CHAT_LOOP, tools: [CHAT_TOOL] }),
      asMessage({ max_tokens: 100, messages: MESSAGES_LOOP, tools: [MESSAGES_TOOL] }),
    ],
  },
  {
    name: "a tool's result with an image",
    model: GPT_4O,
    sdk: create({
      input: [
        ...ask,
        call("Paris"),
        result("Paris", [
          { type: "input_text", text: "The radar:" },
          { type: "input_image", image_url: PNG_URL },
        ]),
      ],
      tools: [tool],
      max_output_tokens: 100,
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
            content: [
              {
                type: "tool_result",
                tool_use_id: "call_paris",
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
    name: "a web search",
    model: GPT_4O,
    sdk: create({
      input: ask,
      max_output_tokens: 100,
      tools: [
        {
          type: "web_search",
          filters: { allowed_domains: ["example.com"] },
          user_location: { type: "approximate", country: "FR", city: "Paris" },
        },
      ],
    }),
    callers: [
      asMessage({
        max_tokens: 100,
        messages: CHAT_QUESTION,
        tools: [
          {
            type: "web_search_20250305",
            name: "web_search",
            allowed_domains: ["example.com"],
            user_location: { type: "approximate", country: "FR", city: "Paris" },
          },
        ],
      }),
    ],
  },
];

describeOracle("OpenAI's Responses API gets what its SDK sends: tools", OPTIONS, CASES);
