/** What reaches Cohere, against cohere-ai. */
import type { CohereClientV2 } from "cohere-ai";
import { asChat, asMessage, replayed } from "../callers.ts";
import { CHAT_QUESTION, CHAT_RESULTS, CHAT_TOOL, MESSAGES_RESULTS, MESSAGES_TOOL } from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, calls, chat, OPTIONS, results, tool } from "./sdk.ts";

const REASONING = "command-a-reasoning-08-2025";

/** A thinking answer with two calls. */
const THOUGHT = {
  id: "answer-example",
  finish_reason: "TOOL_CALL",
  message: {
    role: "assistant",
    content: [{ type: "thinking", thinking: "Paris first." }],
    tool_calls: calls,
  },
  usage: { billed_units: { input_tokens: 5, output_tokens: 9 }, tokens: { input_tokens: 5, output_tokens: 9 } },
};

const CASES: readonly OracleCase<CohereClientV2>[] = [
  {
    name: "thinking with a budget",
    model: REASONING,
    sdk: chat({ messages: [ask], maxTokens: 8000, thinking: { type: "enabled", tokenBudget: 2048 } }),
    callers: [
      asMessage({
        messages: CHAT_QUESTION,
        max_tokens: 8000,
        thinking: { type: "enabled", budget_tokens: 2048 },
      }),
    ],
  },
  {
    name: "an effort, which is a budget here",
    model: REASONING,
    sdk: chat({ messages: [ask], thinking: { type: "enabled", tokenBudget: 1024 } }),
    callers: [asChat({ messages: CHAT_QUESTION, reasoning_effort: "low" })],
  },
  {
    name: "no thinking",
    model: REASONING,
    sdk: chat({ messages: [ask], thinking: { type: "disabled" } }),
    callers: [asChat({ messages: CHAT_QUESTION, reasoning_effort: "none" })],
  },
  {
    name: "thinking replayed in a tool loop",
    model: REASONING,
    sdk: chat({
      messages: [
        ask,
        { role: "assistant", content: [{ type: "thinking", thinking: "Paris first." }], toolCalls: calls },
        ...results,
      ],
      tools: [tool],
      maxTokens: 100,
    }),
    callers: [
      replayed(
        asChat({ messages: CHAT_QUESTION, max_tokens: 100, tools: [CHAT_TOOL] }),
        THOUGHT,
        (answer: { readonly choices: readonly { readonly message: object }[] }) => ({
          messages: [...CHAT_QUESTION, answer.choices[0]?.message, ...CHAT_RESULTS],
          max_tokens: 100,
          tools: [CHAT_TOOL],
        }),
      ),
      replayed(
        asMessage({ messages: CHAT_QUESTION, max_tokens: 100, tools: [MESSAGES_TOOL] }),
        THOUGHT,
        (answer: { readonly content: readonly object[] }) => ({
          messages: [...CHAT_QUESTION, { role: "assistant", content: answer.content }, MESSAGES_RESULTS],
          max_tokens: 100,
          tools: [MESSAGES_TOOL],
        }),
      ),
    ],
  },
];

describeOracle("Cohere gets what its SDK sends: reasoning", OPTIONS, CASES);
