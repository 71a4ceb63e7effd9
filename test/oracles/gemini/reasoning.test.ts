/** What reaches Google AI Studio, against @google/genai. */
import type { GoogleGenAI } from "@google/genai";
import { type Content, ThinkingLevel } from "@google/genai";
import { asChat, asMessage, asResponse, replayed } from "../callers.ts";
import {
  CHAT_QUESTION,
  CHAT_RESULTS,
  CHAT_TOOL,
  MESSAGES_LOOP,
  MESSAGES_TOOL,
  QUESTION,
  RESPONSES_LOOP,
  RESPONSES_TOOL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, GEMINI_2_5, GEMINI_3, generate, MAX_TOKENS, OPTIONS, results, tools } from "./sdk.ts";

/** What Gemini 3 said when it thought, and called two tools at once. */
const thought: Content = {
  role: "model",
  parts: [
    { text: "Paris first.", thought: true },
    {
      functionCall: { id: "call_paris", name: "weather", args: { city: "Paris" } },
      thoughtSignature: "c2lnbmF0dXJl",
    },
    { functionCall: { id: "call_rome", name: "weather", args: { city: "Rome" } } },
  ],
};

const SIGNED = {
  candidates: [{ index: 0, finishReason: "STOP", content: thought }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 9, totalTokenCount: 14 },
  modelVersion: GEMINI_3,
  responseId: "response-example",
};

const CASES: readonly OracleCase<GoogleGenAI>[] = [
  {
    name: "an effort as a level",
    model: GEMINI_3,
    sdk: generate(QUESTION, { thinkingConfig: { thinkingLevel: ThinkingLevel.LOW, includeThoughts: true } }),
    callers: [
      asChat({ messages: CHAT_QUESTION, reasoning_effort: "low" }),
      asResponse({ input: QUESTION, reasoning: { effort: "low", summary: "auto" } }),
    ],
  },
  {
    name: "an effort as a budget",
    model: GEMINI_2_5,
    sdk: generate(QUESTION, { thinkingConfig: { thinkingBudget: 1024, includeThoughts: true } }),
    callers: [
      asChat({ messages: CHAT_QUESTION, reasoning_effort: "low" }),
      asResponse({ input: QUESTION, reasoning: { effort: "low" } }),
    ],
  },
  {
    name: "a budget",
    model: GEMINI_2_5,
    sdk: generate(QUESTION, {
      maxOutputTokens: 8000,
      thinkingConfig: { thinkingBudget: 2048, includeThoughts: true },
    }),
    callers: [
      asMessage({
        messages: CHAT_QUESTION,
        max_tokens: 8000,
        thinking: { type: "enabled", budget_tokens: 2048 },
      }),
    ],
  },
  {
    name: "no thinking",
    model: GEMINI_2_5,
    sdk: generate(QUESTION, { thinkingConfig: { thinkingBudget: 0 } }),
    callers: [asChat({ messages: CHAT_QUESTION, reasoning_effort: "none" })],
  },
  {
    name: "thinking replayed in a tool loop",
    model: GEMINI_3,
    sdk: generate([ask, thought, results], { tools }),
    callers: [
      replayed(
        asChat({ messages: CHAT_QUESTION, tools: [CHAT_TOOL] }),
        SIGNED,
        (answer: { readonly choices: readonly { readonly message: object }[] }) => ({
          messages: [...CHAT_QUESTION, answer.choices[0]?.message, ...CHAT_RESULTS],
          tools: [CHAT_TOOL],
        }),
      ),
      replayed(
        asResponse({ input: QUESTION, tools: [RESPONSES_TOOL] }),
        SIGNED,
        (answer: { readonly output: readonly object[] }) => ({
          input: [{ role: "user", content: QUESTION }, ...answer.output, ...RESPONSES_LOOP.slice(-2)],
          tools: [RESPONSES_TOOL],
        }),
      ),
      replayed(
        asMessage({ max_tokens: 100, messages: CHAT_QUESTION, tools: [MESSAGES_TOOL] }),
        SIGNED,
        (answer: { readonly content: readonly object[] }) => ({
          max_tokens: 100,
          messages: [...CHAT_QUESTION, { role: "assistant", content: answer.content }, MESSAGES_LOOP[2]],
          tools: [MESSAGES_TOOL],
        }),
        MAX_TOKENS,
      ),
    ],
  },
];

describeOracle("Google AI Studio gets what its SDK sends: reasoning", OPTIONS, CASES);
