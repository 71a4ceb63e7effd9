/** What reaches Amazon Bedrock, against @aws-sdk/client-bedrock-runtime; with a bearer key, as signatures have a test of their own. */
import type { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import { asChat, asMessage, asResponse, replayed } from "../callers.ts";
import {
  CHAT_QUESTION,
  CHAT_RESULTS,
  CHAT_TOOL,
  MESSAGES_RESULTS,
  MESSAGES_TOOL,
  QUESTION,
  RESPONSES_LOOP,
  RESPONSES_TOOL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, callOf, converse, OPTIONS, results, SONNET, tool } from "./sdk.ts";

const OPUS = "global.anthropic.claude-opus-4-8-v1:0";
const NOVA_2 = "us.amazon.nova-2-lite-v1:0";
const GPT_OSS = "openai.gpt-oss-120b-1:0";
const THINKING = { type: "enabled", budget_tokens: 1024 } as const;

/** A thinking answer with a call of each city. */
const THOUGHT = {
  output: {
    message: {
      role: "assistant",
      content: [
        { reasoningContent: { reasoningText: { text: "Paris first.", signature: "c2lnbmF0dXJl" } } },
        { reasoningContent: { redactedContent: Buffer.from("encrypted").toString("base64") } },
        callOf("Paris"),
        callOf("Rome"),
      ],
    },
  },
  stopReason: "tool_use",
  usage: { inputTokens: 5, outputTokens: 9, totalTokens: 14 },
  metrics: { latencyMs: 1 },
};

const CASES: readonly OracleCase<BedrockRuntimeClient>[] = [
  {
    name: "thinking with a budget",
    model: SONNET,
    sdk: converse({
      messages: [ask],
      inferenceConfig: { maxTokens: 8000 },
      additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2048 } },
    }),
    callers: [
      asMessage({
        messages: CHAT_QUESTION,
        max_tokens: 8000,
        thinking: { type: "enabled", budget_tokens: 2048 },
      }),
      asChat({
        messages: CHAT_QUESTION,
        max_tokens: 8000,
        thinking: { type: "enabled", budget_tokens: 2048 },
      }),
    ],
  },
  {
    name: "adaptive thinking with an effort",
    model: OPUS,
    sdk: converse({
      messages: [ask],
      inferenceConfig: { maxTokens: 8000 },
      additionalModelRequestFields: { thinking: { type: "adaptive" }, output_config: { effort: "high" } },
    }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 8000, reasoning_effort: "high" }),
      asResponse({ input: QUESTION, max_output_tokens: 8000, reasoning: { effort: "high" } }),
    ],
  },
  {
    name: "an effort of Nova's",
    model: NOVA_2,
    sdk: converse({
      messages: [ask],
      inferenceConfig: { maxTokens: 8000 },
      additionalModelRequestFields: { reasoningConfig: { type: "enabled", maxReasoningEffort: "low" } },
    }),
    callers: [asChat({ messages: CHAT_QUESTION, max_tokens: 8000, reasoning_effort: "low" })],
  },
  {
    name: "an effort of OpenAI's open weights",
    model: GPT_OSS,
    sdk: converse({
      messages: [ask],
      inferenceConfig: { maxTokens: 8000 },
      additionalModelRequestFields: { reasoning_effort: "low" },
    }),
    callers: [asResponse({ input: QUESTION, max_output_tokens: 8000, reasoning: { effort: "low" } })],
  },
  {
    name: "thinking replayed in a tool loop",
    model: SONNET,
    sdk: converse({
      messages: [
        ask,
        {
          role: "assistant",
          content: [
            { reasoningContent: { reasoningText: { text: "Paris first.", signature: "c2lnbmF0dXJl" } } },
            { reasoningContent: { redactedContent: Uint8Array.from(Buffer.from("encrypted")) } },
            callOf("Paris"),
            callOf("Rome"),
          ],
        },
        results,
      ],
      inferenceConfig: { maxTokens: 8000 },
      toolConfig: { tools: [tool] },
      additionalModelRequestFields: { thinking: THINKING },
    }),
    callers: [
      replayed(
        asChat({ messages: CHAT_QUESTION, max_tokens: 8000, tools: [CHAT_TOOL], thinking: THINKING }),
        THOUGHT,
        (answer: { readonly choices: readonly { readonly message: object }[] }) => ({
          messages: [...CHAT_QUESTION, answer.choices[0]?.message, ...CHAT_RESULTS],
          max_tokens: 8000,
          tools: [CHAT_TOOL],
          thinking: THINKING,
        }),
      ),
      replayed(
        asMessage({ messages: CHAT_QUESTION, max_tokens: 8000, tools: [MESSAGES_TOOL], thinking: THINKING }),
        THOUGHT,
        (answer: { readonly content: readonly object[] }) => ({
          messages: [...CHAT_QUESTION, { role: "assistant", content: answer.content }, MESSAGES_RESULTS],
          max_tokens: 8000,
          tools: [MESSAGES_TOOL],
          thinking: THINKING,
        }),
      ),
      replayed(
        asResponse({
          input: QUESTION,
          max_output_tokens: 8000,
          tools: [RESPONSES_TOOL],
          reasoning: { effort: "low" },
        }),
        THOUGHT,
        (answer: { readonly output: readonly object[] }) => ({
          input: [{ role: "user", content: QUESTION }, ...answer.output, ...RESPONSES_LOOP.slice(-2)],
          max_output_tokens: 8000,
          tools: [RESPONSES_TOOL],
          reasoning: { effort: "low" },
        }),
      ),
    ],
  },
];

describeOracle("Amazon Bedrock gets what its SDK sends: reasoning", OPTIONS, CASES);
