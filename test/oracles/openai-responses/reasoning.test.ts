/** What reaches OpenAI's Responses API, against openai. */
import type OpenAI from "openai";
import { asChat, asGemini, asMessage, replayed } from "../callers.ts";
import {
  CHAT_QUESTION,
  CHAT_RESULTS,
  CHAT_TOOL,
  CITY_SCHEMA,
  DESCRIPTION,
  MESSAGES_RESULTS,
  MESSAGES_TOOL,
  QUESTION,
  SYSTEM,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, call, create, GPT_5, OPTIONS, result, system, tool } from "./sdk.ts";

/** A thinking answer with a call of each city. */
const THOUGHT = {
  id: "resp_example",
  object: "response",
  created_at: 1_700_000_000,
  status: "completed",
  model: GPT_5,
  output: [
    {
      type: "reasoning",
      id: "rs_example",
      summary: [{ type: "summary_text", text: "Paris first." }],
      encrypted_content: "gAAAAABexample",
    },
    { ...call("Paris"), id: "fc_1" },
    { ...call("Rome"), id: "fc_2" },
  ],
  usage: {
    input_tokens: 5,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 9,
    output_tokens_details: { reasoning_tokens: 4 },
    total_tokens: 14,
  },
};

const GEMINI_TOOL = {
  functionDeclarations: [{ name: "weather", description: DESCRIPTION, parametersJsonSchema: CITY_SCHEMA }],
};

const LEFT_BEHIND = "what is not stored has no id that could be named";

const CASES: readonly OracleCase<OpenAI>[] = [
  {
    name: "a system prompt for a model that reasons",
    model: GPT_5,
    sdk: create({ input: [system("developer"), ...ask], max_output_tokens: 100 }),
    callers: [
      asChat({ messages: [{ role: "system", content: SYSTEM }, ...CHAT_QUESTION], max_completion_tokens: 100 }),
      asChat({ messages: [{ role: "developer", content: SYSTEM }, ...CHAT_QUESTION], max_completion_tokens: 100 }),
      asMessage({ system: SYSTEM, messages: CHAT_QUESTION, max_tokens: 100 }),
    ],
  },
  {
    name: "an effort",
    model: GPT_5,
    sdk: create({ input: ask, reasoning: { effort: "low" }, include: ["reasoning.encrypted_content"] }),
    callers: [
      asChat({ messages: CHAT_QUESTION, reasoning_effort: "low" }),
      asGemini({
        contents: [{ role: "user", parts: [{ text: QUESTION }] }],
        generationConfig: { thinkingConfig: { thinkingLevel: "LOW" } },
      }),
    ],
  },
  {
    name: "a budget whose reasoning is shown, which is an effort with a summary here",
    model: GPT_5,
    sdk: create({
      input: ask,
      max_output_tokens: 20_000,
      reasoning: { effort: "medium", summary: "auto" },
      include: ["reasoning.encrypted_content"],
    }),
    callers: [
      asMessage({
        max_tokens: 20_000,
        messages: CHAT_QUESTION,
        thinking: { type: "enabled", budget_tokens: 8_192, display: "summarized" },
      }),
    ],
  },
  {
    name: "reasoning replayed in a tool loop",
    model: GPT_5,
    sdk: create({
      input: [
        ...ask,
        {
          type: "reasoning",
          id: "rs_example",
          summary: [{ type: "summary_text", text: "Paris first." }],
          encrypted_content: "gAAAAABexample",
        },
        call("Paris"),
        call("Rome"),
        result("Paris", "18 degrees"),
        result("Rome", "24 degrees"),
      ],
      tools: [tool],
      include: ["reasoning.encrypted_content"],
      max_output_tokens: 8000,
    }),
    differs: { "body.input.1.id": { ours: undefined, why: LEFT_BEHIND } },
    callers: [
      replayed(
        asChat({ max_tokens: 8000, messages: CHAT_QUESTION, tools: [CHAT_TOOL] }),
        THOUGHT,
        (answer: { readonly choices: readonly { readonly message: object }[] }) => ({
          max_tokens: 8000,
          messages: [...CHAT_QUESTION, answer.choices[0]?.message, ...CHAT_RESULTS],
          tools: [CHAT_TOOL],
        }),
      ),
      replayed(
        asMessage({ max_tokens: 8000, messages: CHAT_QUESTION, tools: [MESSAGES_TOOL] }),
        THOUGHT,
        (answer: { readonly content: readonly object[] }) => ({
          max_tokens: 8000,
          messages: [...CHAT_QUESTION, { role: "assistant", content: answer.content }, MESSAGES_RESULTS],
          tools: [MESSAGES_TOOL],
        }),
      ),
      replayed(
        asGemini({
          contents: [{ role: "user", parts: [{ text: QUESTION }] }],
          generationConfig: { maxOutputTokens: 8000 },
          tools: [GEMINI_TOOL],
        }),
        THOUGHT,
        (answer: { readonly candidates: readonly { readonly content: object }[] }) => ({
          contents: [
            { role: "user", parts: [{ text: QUESTION }] },
            answer.candidates[0]?.content,
            {
              role: "user",
              parts: [
                { functionResponse: { id: "call_paris", name: "weather", response: { degrees: 18 } } },
                { functionResponse: { id: "call_rome", name: "weather", response: { degrees: 24 } } },
              ],
            },
          ],
          generationConfig: { maxOutputTokens: 8000 },
          tools: [GEMINI_TOOL],
        }),
        {
          "body.input.4.output": { ours: '{"degrees":18}', why: "the caller's result is an object" },
          "body.input.5.output": { ours: '{"degrees":24}', why: "the caller's result is an object" },
        },
      ),
    ],
  },
];

describeOracle("OpenAI's Responses API gets what its SDK sends: reasoning", OPTIONS, CASES);
