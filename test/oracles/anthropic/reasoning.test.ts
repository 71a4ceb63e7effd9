/** What reaches Anthropic, against @anthropic-ai/sdk. */
import type Anthropic from "@anthropic-ai/sdk";
import { asChat, asGemini, asResponse, replayed } from "../callers.ts";
import {
  CHAT_QUESTION,
  CHAT_RESULTS,
  CHAT_TOOL,
  CITY_SCHEMA,
  DESCRIPTION,
  QUESTION,
  RESPONSES_LOOP,
  RESPONSES_TOOL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, create, OPTIONS, SONNET, tool, user } from "./sdk.ts";

const OPUS = "claude-opus-4-8";
const THINKING = { type: "enabled", budget_tokens: 1024 } as const;

/** An answer of Anthropic's that thought, and calls a tool. */
const THOUGHT = {
  id: "msg_example",
  type: "message",
  role: "assistant",
  model: SONNET,
  content: [
    { type: "thinking" as const, thinking: "Paris first.", signature: "c2lnbmF0dXJl" },
    { type: "redacted_thinking" as const, data: "ZW5jcnlwdGVk" },
    { type: "text" as const, text: "Let me look." },
    { type: "tool_use" as const, id: "call_paris", name: "weather", input: { city: "Paris" } },
  ],
  stop_reason: "tool_use",
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 9 },
};

const GEMINI_TOOL = {
  functionDeclarations: [{ name: "weather", description: DESCRIPTION, parametersJsonSchema: CITY_SCHEMA }],
};

const CASES: readonly OracleCase<Anthropic>[] = [
  {
    name: "thinking with a budget",
    model: SONNET,
    sdk: create({ max_tokens: 8000, messages: [ask], thinking: { type: "enabled", budget_tokens: 2048 } }),
    callers: [
      asChat({ max_tokens: 8000, messages: CHAT_QUESTION, thinking: { type: "enabled", budget_tokens: 2048 } }),
      asGemini({
        contents: [{ role: "user", parts: [{ text: QUESTION }] }],
        generationConfig: { maxOutputTokens: 8000, thinkingConfig: { thinkingBudget: 2048, includeThoughts: true } },
      }),
    ],
  },
  {
    name: "adaptive thinking with an effort",
    model: OPUS,
    sdk: create({
      max_tokens: 8000,
      messages: [ask],
      thinking: { type: "adaptive" },
      output_config: { effort: "high" },
    }),
    callers: [
      asChat({ max_completion_tokens: 8000, messages: CHAT_QUESTION, reasoning_effort: "high" }),
      asResponse({ max_output_tokens: 8000, input: QUESTION, reasoning: { effort: "high" } }),
    ],
  },
  {
    name: "adaptive thinking that is shown",
    model: OPUS,
    sdk: create({
      max_tokens: 8000,
      messages: [ask],
      thinking: { type: "adaptive", display: "summarized" },
      output_config: { effort: "low" },
    }),
    callers: [asResponse({ max_output_tokens: 8000, input: QUESTION, reasoning: { effort: "low", summary: "auto" } })],
  },
  {
    name: "no thinking",
    model: OPUS,
    sdk: create({ max_tokens: 100, messages: [ask], thinking: { type: "disabled" } }),
    callers: [
      asChat({ max_completion_tokens: 100, messages: CHAT_QUESTION, reasoning_effort: "none" }),
      asResponse({ max_output_tokens: 100, input: QUESTION, reasoning: { effort: "none" } }),
    ],
  },
  {
    name: "thinking replayed in a tool loop",
    model: SONNET,
    sdk: create({
      max_tokens: 8000,
      thinking: THINKING,
      messages: [
        ask,
        { role: "assistant", content: THOUGHT.content },
        user([{ type: "tool_result", tool_use_id: "call_paris", content: "18 degrees" }]),
      ],
      tools: [tool],
    }),
    callers: [
      replayed(
        asChat({ max_tokens: 8000, messages: CHAT_QUESTION, tools: [CHAT_TOOL], thinking: THINKING }),
        THOUGHT,
        (answer: { readonly choices: readonly { readonly message: object }[] }) => ({
          max_tokens: 8000,
          thinking: THINKING,
          messages: [...CHAT_QUESTION, answer.choices[0]?.message, CHAT_RESULTS[0]],
          tools: [CHAT_TOOL],
        }),
      ),
      replayed(
        asResponse({ max_output_tokens: 8000, input: QUESTION, tools: [RESPONSES_TOOL], reasoning: { effort: "low" } }),
        THOUGHT,
        (answer: { readonly output: readonly object[] }) => ({
          max_output_tokens: 8000,
          reasoning: { effort: "low" },
          input: [{ role: "user", content: QUESTION }, ...answer.output, RESPONSES_LOOP[4]],
          tools: [RESPONSES_TOOL],
        }),
      ),
      replayed(
        asGemini({
          contents: [{ role: "user", parts: [{ text: QUESTION }] }],
          generationConfig: { maxOutputTokens: 8000, thinkingConfig: { thinkingBudget: 1024 } },
          tools: [GEMINI_TOOL],
        }),
        THOUGHT,
        (answer: { readonly candidates: readonly { readonly content: object }[] }) => ({
          contents: [
            { role: "user", parts: [{ text: QUESTION }] },
            answer.candidates[0]?.content,
            {
              role: "user",
              parts: [{ functionResponse: { id: "call_paris", name: "weather", response: { output: "18 degrees" } } }],
            },
          ],
          generationConfig: { maxOutputTokens: 8000, thinkingConfig: { thinkingBudget: 1024 } },
          tools: [GEMINI_TOOL],
        }),
        {
          "body.messages.2.content.0.content": {
            ours: '{"output":"18 degrees"}',
            why: "a result is an object there, whose keys are the caller's choice: https://ai.google.dev/api/caching#FunctionResponse",
          },
        },
      ),
    ],
  },
];

describeOracle("Anthropic gets what its SDK sends: reasoning", OPTIONS, CASES);
