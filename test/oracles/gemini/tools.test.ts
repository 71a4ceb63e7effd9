/** What reaches Google AI Studio, against @google/genai. */
import type { GoogleGenAI } from "@google/genai";
import { FunctionCallingConfigMode } from "@google/genai";
import { asChat, asMessage, asResponse } from "../callers.ts";
import {
  CHAT_QUESTION,
  CHAT_TOOL,
  MESSAGES_TOOL,
  PDF,
  PDF_URL,
  PNG,
  PNG_URL,
  QUESTION,
  RESPONSES_TOOL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, GEMINI_3, generate, MAX_TOKENS, OPTIONS, tools } from "./sdk.ts";

const choosing = (mode: FunctionCallingConfigMode, allowedFunctionNames?: string[]) =>
  generate([ask], {
    tools,
    toolConfig: {
      functionCallingConfig: { mode, ...(allowedFunctionNames === undefined ? {} : { allowedFunctionNames }) },
    },
  });

const chatChoosing = (choice: unknown) => asChat({ messages: CHAT_QUESTION, tools: [CHAT_TOOL], tool_choice: choice });

const messageChoosing = (choice: unknown) =>
  asMessage({ max_tokens: 100, messages: CHAT_QUESTION, tools: [MESSAGES_TOOL], tool_choice: choice }, MAX_TOKENS);

const LIMIT = { maxOutputTokens: 100 };

const CASES: readonly OracleCase<GoogleGenAI>[] = [
  {
    name: "an image of the caller's",
    model: GEMINI_3,
    sdk: generate(
      [{ role: "user", parts: [{ text: "What is this?" }, { inlineData: { mimeType: "image/png", data: PNG } }] }],
      LIMIT,
    ),
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
      asResponse({
        max_output_tokens: 100,
        input: [
          {
            role: "user",
            content: [
              { type: "input_text", text: "What is this?" },
              { type: "input_image", image_url: PNG_URL },
            ],
          },
        ],
      }),
    ],
  },
  {
    name: "a PDF of the caller's",
    model: GEMINI_3,
    sdk: generate(
      [
        {
          role: "user",
          parts: [{ inlineData: { mimeType: "application/pdf", data: PDF } }, { text: "Sum it up." }],
        },
      ],
      LIMIT,
    ),
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
              { type: "document", source: { type: "base64", media_type: "application/pdf", data: PDF } },
              { type: "text", text: "Sum it up." },
            ],
          },
        ],
      }),
    ],
  },
  {
    name: "a tool",
    model: GEMINI_3,
    sdk: generate([ask], { tools }),
    callers: [
      asChat({ messages: CHAT_QUESTION, tools: [CHAT_TOOL] }),
      asResponse({ input: QUESTION, tools: [RESPONSES_TOOL] }),
      asMessage({ max_tokens: 100, messages: CHAT_QUESTION, tools: [MESSAGES_TOOL] }, MAX_TOKENS),
    ],
  },
  {
    name: "a tool without arguments",
    model: GEMINI_3,
    sdk: generate([ask], { tools: [{ functionDeclarations: [{ name: "clock", description: "The time." }] }] }),
    callers: [
      asChat({
        messages: CHAT_QUESTION,
        tools: [{ type: "function", function: { name: "clock", description: "The time." } }],
      }),
    ],
  },
  {
    name: "tool_choice auto",
    model: GEMINI_3,
    sdk: choosing(FunctionCallingConfigMode.AUTO),
    callers: [chatChoosing("auto"), messageChoosing({ type: "auto" })],
  },
  {
    name: "tool_choice required",
    model: GEMINI_3,
    sdk: choosing(FunctionCallingConfigMode.ANY),
    callers: [chatChoosing("required"), messageChoosing({ type: "any" })],
  },
  {
    name: "tool_choice none",
    model: GEMINI_3,
    sdk: choosing(FunctionCallingConfigMode.NONE),
    callers: [chatChoosing("none"), messageChoosing({ type: "none" })],
  },
  {
    name: "tool_choice of a tool",
    model: GEMINI_3,
    sdk: choosing(FunctionCallingConfigMode.ANY, ["weather"]),
    callers: [
      chatChoosing({ type: "function", function: { name: "weather" } }),
      messageChoosing({ type: "tool", name: "weather" }),
      chatChoosing({
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "weather" } }] },
      }),
    ],
  },
  {
    name: "a web search",
    model: GEMINI_3,
    sdk: generate(QUESTION, { tools: [{ googleSearch: {} }] }),
    callers: [
      asResponse({ input: QUESTION, tools: [{ type: "web_search" }] }),
      asMessage(
        {
          max_tokens: 100,
          messages: CHAT_QUESTION,
          tools: [{ type: "web_search_20250305", name: "web_search" }],
        },
        MAX_TOKENS,
      ),
    ],
  },
];

describeOracle("Google AI Studio gets what its SDK sends: tools", OPTIONS, CASES);
