/** What reaches Google AI Studio, against @google/genai. */
import type { GoogleGenAI } from "@google/genai";
import type { Content } from "@google/genai";
import { asChat, asMessage, asResponse } from "../callers.ts";
import {
  CHAT_LOOP,
  CHAT_TOOL,
  MESSAGES_LOOP,
  MESSAGES_TOOL,
  PNG,
  QUESTION,
  RESPONSES_LOOP,
  RESPONSES_TOOL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, GEMINI_2_5, GEMINI_3, generate, MAX_TOKENS, OPTIONS, results, tools } from "./sdk.ts";

/** Gemini 3 wants a signature on the first call of a turn; another model's has none. */
const UNSIGNED = "skip_thought_signature_validator";

const calls = (signature: string | null): Content => ({
  role: "model",
  parts: [
    { text: "Let me look." },
    {
      functionCall: { id: "call_paris", name: "weather", args: { city: "Paris" } },
      ...(signature === null ? {} : { thoughtSignature: signature }),
    },
    { functionCall: { id: "call_rome", name: "weather", args: { city: "Rome" } } },
  ],
});

const CASES: readonly OracleCase<GoogleGenAI>[] = [
  {
    name: "a tool loop with two calls at once, to a model that signs none",
    model: GEMINI_2_5,
    sdk: generate([ask, calls(null), results], { tools }),
    callers: [
      asChat({ messages: CHAT_LOOP, tools: [CHAT_TOOL] }),
      asResponse({ input: RESPONSES_LOOP, tools: [RESPONSES_TOOL] }),
      asMessage({ max_tokens: 100, messages: MESSAGES_LOOP, tools: [MESSAGES_TOOL] }, MAX_TOKENS),
    ],
  },
  {
    name: "a tool loop that another model began",
    model: GEMINI_3,
    sdk: generate([ask, calls(UNSIGNED), results], { tools }),
    callers: [
      asChat({ messages: CHAT_LOOP, tools: [CHAT_TOOL] }),
      asMessage({ max_tokens: 100, messages: MESSAGES_LOOP, tools: [MESSAGES_TOOL] }, MAX_TOKENS),
    ],
  },
  {
    name: "a tool that failed, and one that answers in JSON",
    model: GEMINI_2_5,
    sdk: generate(
      [
        ask,
        calls(null),
        {
          role: "user",
          parts: [
            { functionResponse: { id: "call_paris", name: "weather", response: { error: "no such city" } } },
            { functionResponse: { id: "call_rome", name: "weather", response: { degrees: 24 } } },
          ],
        },
      ],
      { tools },
    ),
    callers: [
      asMessage(
        {
          max_tokens: 100,
          messages: [
            ...MESSAGES_LOOP.slice(0, 2),
            {
              role: "user",
              content: [
                { type: "tool_result", tool_use_id: "call_paris", content: "no such city", is_error: true },
                { type: "tool_result", tool_use_id: "call_rome", content: '{"degrees":24}' },
              ],
            },
          ],
          tools: [MESSAGES_TOOL],
        },
        MAX_TOKENS,
      ),
    ],
  },
  {
    name: "a tool's result with an image",
    model: GEMINI_3,
    sdk: generate(
      [
        ask,
        {
          role: "model",
          parts: [
            {
              functionCall: { id: "call_paris", name: "weather", args: { city: "Paris" } },
              thoughtSignature: UNSIGNED,
            },
          ],
        },
        {
          role: "user",
          parts: [
            {
              functionResponse: {
                id: "call_paris",
                name: "weather",
                response: { output: "The radar:" },
                parts: [{ inlineData: { mimeType: "image/png", data: PNG } }],
              },
            },
          ],
        },
      ],
      { tools },
    ),
    callers: [
      asMessage(
        {
          max_tokens: 100,
          messages: [
            { role: "user", content: QUESTION },
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
        },
        MAX_TOKENS,
      ),
    ],
  },
];

describeOracle("Google AI Studio gets what its SDK sends: tool-results", OPTIONS, CASES);
