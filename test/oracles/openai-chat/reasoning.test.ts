/** What reaches OpenAI's chat completions and embeddings, against openai. */
import type OpenAI from "openai";
import { asGemini, asMessage, asResponse } from "../callers.ts";
import { CHAT_QUESTION, QUESTION, SYSTEM } from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, create, GEMINI_QUESTION, GPT_5, OPTIONS } from "./sdk.ts";

const CASES: readonly OracleCase<OpenAI>[] = [
  {
    name: "a system prompt for a model that reasons",
    model: GPT_5,
    sdk: create({ messages: [{ role: "developer", content: SYSTEM }, ...ask], max_completion_tokens: 100 }),
    callers: [
      asMessage({ system: SYSTEM, messages: CHAT_QUESTION, max_tokens: 100 }),
      asResponse({ instructions: SYSTEM, input: QUESTION, max_output_tokens: 100 }),
    ],
  },
  {
    name: "an effort",
    model: GPT_5,
    sdk: create({ messages: ask, reasoning_effort: "low" }),
    callers: [
      asResponse({ input: QUESTION, reasoning: { effort: "low" } }),
      asGemini({
        contents: GEMINI_QUESTION,
        generationConfig: { thinkingConfig: { thinkingLevel: "LOW" } },
      }),
    ],
  },
  {
    name: "a budget, which is an effort here",
    model: GPT_5,
    sdk: create({ messages: ask, max_completion_tokens: 20_000, reasoning_effort: "medium" }),
    callers: [
      asMessage({
        max_tokens: 20_000,
        messages: CHAT_QUESTION,
        thinking: { type: "enabled", budget_tokens: 8_192 },
      }),
    ],
  },
];

describeOracle("OpenAI's chat completions get what its SDK sends: reasoning", OPTIONS, CASES);
