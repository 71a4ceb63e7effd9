/** What reaches OpenAI's API at Google, against openai: callers of OpenAI's pass to it. */
import OpenAI from "openai";
import { asChat, asEmbedding } from "../callers.ts";
import { CHAT_QUESTION, CHAT_TOOL, mutable, QUESTION } from "../material.ts";
import { describeOracle, type OracleCase, PROVIDER_KEY } from "../stage.ts";
import { GEMINI_3 } from "./sdk.ts";

/** OpenAI's API at Google, which answers OpenAI's callers: https://ai.google.dev/gemini-api/docs/openai */
const CASES: readonly OracleCase<OpenAI>[] = [
  {
    name: "a question of an OpenAI caller, which passes",
    model: GEMINI_3,
    sdk: (sdk, model) =>
      sdk.chat.completions.create({
        model,
        messages: [{ role: "user", content: QUESTION }],
        reasoning_effort: "low",
        tools: [mutable(CHAT_TOOL) as unknown as OpenAI.ChatCompletionTool],
      }),
    callers: [asChat({ messages: CHAT_QUESTION, reasoning_effort: "low", tools: [CHAT_TOOL] })],
  },
  {
    name: "a stream of an OpenAI caller, which passes",
    model: GEMINI_3,
    sdk: (sdk, model) =>
      sdk.chat.completions.create({
        model,
        messages: [{ role: "user", content: QUESTION }],
        stream: true,
        stream_options: { include_usage: true },
      }),
    callers: [
      asChat({ messages: CHAT_QUESTION, stream: true, stream_options: { include_usage: true } }),
      asChat({ messages: CHAT_QUESTION, stream: true }),
    ],
  },
  {
    name: "texts of an OpenAI caller to be embedded, which pass",
    model: "gemini-embedding-001",
    sdk: (sdk, model) => sdk.embeddings.create({ model, input: ["Paris", "Rome"], encoding_format: "float" }),
    callers: [asEmbedding({ input: ["Paris", "Rome"], encoding_format: "float" })],
  },
];

describeOracle(
  "Google AI Studio's OpenAI-compatible API gets what OpenAI's SDK sends",
  {
    provider: "gemini",
    open: (origin) => new OpenAI({ baseURL: `${origin}/v1beta/openai`, apiKey: PROVIDER_KEY, maxRetries: 0 }),
  },
  CASES,
);
