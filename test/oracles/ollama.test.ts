/** What reaches an Ollama host, against ollama. */
import { type ChatRequest, Ollama, type Message, type Tool } from "ollama";
import { asChat, asCohereEmbed, asEmbedding, asGemini, asMessage, asResponse, replayed } from "./callers.ts";
import {
  ANSWER_SCHEMA,
  CHAT_JSON_SCHEMA,
  CHAT_LOOP,
  CHAT_QUESTION,
  CHAT_RESULTS,
  CHAT_TOOL,
  CITY_SCHEMA,
  DESCRIPTION,
  MESSAGES_LOOP,
  MESSAGES_TOOL,
  mutable,
  PNG,
  PNG_URL,
  QUESTION,
  RESPONSES_LOOP,
  RESPONSES_TOOL,
  SYSTEM,
} from "./material.ts";
import { describeOracle, type OracleCase, PROVIDER_KEY } from "./stage.ts";

const LLAMA = "llama3.2:3b";
const QWEN = "qwen3:8b";
const GPT_OSS = "gpt-oss:20b";

type Params = Omit<ChatRequest, "model" | "stream">;
const chat = (params: Params) => (sdk: Ollama, model: string) => sdk.chat({ model, ...params });

const ask: Message = { role: "user", content: QUESTION };
const tool: Tool = {
  type: "function",
  function: { name: "weather", description: DESCRIPTION, parameters: mutable(CITY_SCHEMA) },
};
const calls = [
  { function: { name: "weather", arguments: { city: "Paris" } } },
  { function: { name: "weather", arguments: { city: "Rome" } } },
];
const results: Message[] = [
  { role: "tool", tool_name: "weather", content: "18 degrees" },
  { role: "tool", tool_name: "weather", content: "24 degrees" },
];
/** The API knows ids since 0.12.10, and the SDK has no word for them yet: https://docs.ollama.com/api/chat */
const IDS = {
  "body.messages.1.tool_calls.0.id": { ours: "call_paris", why: "tells calls of one name apart" },
  "body.messages.1.tool_calls.1.id": { ours: "call_rome", why: "tells calls of one name apart" },
  "body.messages.1.tool_calls.0.type": { ours: "function", why: "as answers have it" },
  "body.messages.1.tool_calls.1.type": { ours: "function", why: "as answers have it" },
  "body.messages.2.tool_call_id": { ours: "call_paris", why: "tells calls of one name apart" },
  "body.messages.3.tool_call_id": { ours: "call_rome", why: "tells calls of one name apart" },
};
/** A thinking answer with two calls. */
const THOUGHT = {
  model: QWEN,
  created_at: "2026-01-01T00:00:00Z",
  message: {
    role: "assistant",
    content: "",
    thinking: "Paris first.",
    tool_calls: [
      { id: "call_paris", ...calls[0] },
      { id: "call_rome", ...calls[1] },
    ],
  },
  done: true,
  done_reason: "stop",
  prompt_eval_count: 5,
  eval_count: 9,
};

const CASES: readonly OracleCase<Ollama>[] = [
  {
    name: "a plain question",
    model: LLAMA,
    sdk: chat({ messages: [ask] }),
    callers: [
      asChat({ messages: CHAT_QUESTION }),
      asResponse({ input: QUESTION }),
      asGemini({ contents: [{ role: "user", parts: [{ text: QUESTION }] }] }),
    ],
  },
  {
    name: "a system prompt and a limit",
    model: LLAMA,
    sdk: chat({ messages: [{ role: "system", content: SYSTEM }, ask], options: { num_predict: 100 } }),
    callers: [
      asChat({ messages: [{ role: "system", content: SYSTEM }, ...CHAT_QUESTION], max_tokens: 100 }),
      asMessage({ system: SYSTEM, messages: CHAT_QUESTION, max_tokens: 100 }),
      asResponse({ instructions: SYSTEM, input: QUESTION, max_output_tokens: 100 }),
    ],
  },
  {
    name: "a stream",
    model: LLAMA,
    sdk: (sdk, model) => sdk.chat({ model, messages: [ask], stream: true, options: { num_predict: 100 } }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
    ],
  },
  {
    name: "sampling settings",
    model: LLAMA,
    sdk: chat({
      messages: [ask],
      logprobs: true,
      top_logprobs: 3,
      options: {
        num_predict: 100,
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        min_p: 0.05,
        seed: 7,
        frequency_penalty: 0.25,
        presence_penalty: 0.5,
        repeat_penalty: 1.1,
        stop: ["END", "STOP"],
      },
    }),
    callers: [
      asChat({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        min_p: 0.05,
        seed: 7,
        frequency_penalty: 0.25,
        presence_penalty: 0.5,
        repetition_penalty: 1.1,
        stop: ["END", "STOP"],
        logprobs: true,
        top_logprobs: 3,
      }),
    ],
  },
  {
    name: "an image of the caller's",
    model: "llava:7b",
    sdk: chat({ messages: [{ role: "user", content: "What is this?", images: [PNG] }] }),
    callers: [
      asChat({
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
      asResponse({
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
    name: "a tool",
    model: LLAMA,
    sdk: chat({ messages: [ask], tools: [tool] }),
    callers: [
      asChat({ messages: CHAT_QUESTION, tools: [CHAT_TOOL] }),
      asChat({ messages: CHAT_QUESTION, tools: [CHAT_TOOL], tool_choice: "auto", parallel_tool_calls: true }),
      asResponse({ input: QUESTION, tools: [RESPONSES_TOOL] }),
    ],
  },
  {
    name: "tool_choice none, which leaves out the tools",
    model: LLAMA,
    sdk: chat({ messages: [ask] }),
    callers: [asChat({ messages: CHAT_QUESTION, tools: [CHAT_TOOL], tool_choice: "none" })],
  },
  {
    name: "a tool loop with two calls at once",
    model: LLAMA,
    sdk: chat({
      messages: [ask, { role: "assistant", content: "Let me look.", tool_calls: calls }, ...results],
      tools: [tool],
    }),
    differs: IDS,
    callers: [
      asChat({ messages: CHAT_LOOP, tools: [CHAT_TOOL] }),
      asResponse({ input: RESPONSES_LOOP, tools: [RESPONSES_TOOL] }),
      asMessage(
        { max_tokens: 100, messages: MESSAGES_LOOP, tools: [MESSAGES_TOOL] },
        { "body.options": { ours: { num_predict: 100 }, why: "the caller must say it" } },
      ),
    ],
  },
  {
    name: "JSON mode",
    model: LLAMA,
    sdk: chat({ messages: [ask], format: "json" }),
    callers: [asChat({ messages: CHAT_QUESTION, response_format: { type: "json_object" } })],
  },
  {
    name: "a JSON schema",
    model: LLAMA,
    sdk: chat({ messages: [ask], format: mutable(ANSWER_SCHEMA) }),
    callers: [
      asChat({ messages: CHAT_QUESTION, response_format: CHAT_JSON_SCHEMA }),
      asResponse({
        input: QUESTION,
        text: { format: { type: "json_schema", name: "weather_report", schema: ANSWER_SCHEMA, strict: true } },
      }),
    ],
  },
  {
    name: "an effort as a level",
    model: GPT_OSS,
    sdk: chat({ messages: [ask], think: "low" }),
    callers: [
      asChat({ messages: CHAT_QUESTION, reasoning_effort: "low" }),
      asResponse({ input: QUESTION, reasoning: { effort: "low" } }),
    ],
  },
  {
    name: "no thinking",
    model: QWEN,
    sdk: chat({ messages: [ask], think: false }),
    callers: [asChat({ messages: CHAT_QUESTION, reasoning_effort: "none" })],
  },
  {
    name: "thinking replayed in a tool loop",
    model: QWEN,
    sdk: chat({
      messages: [ask, { role: "assistant", content: "", thinking: "Paris first.", tool_calls: calls }, ...results],
      tools: [tool],
    }),
    differs: IDS,
    callers: [
      replayed(
        asChat({ messages: CHAT_QUESTION, tools: [CHAT_TOOL] }),
        THOUGHT,
        (answer: { readonly choices: readonly { readonly message: object }[] }) => ({
          messages: [...CHAT_QUESTION, answer.choices[0]?.message, ...CHAT_RESULTS],
          tools: [CHAT_TOOL],
        }),
      ),
      replayed(
        asResponse({ input: QUESTION, tools: [RESPONSES_TOOL] }),
        THOUGHT,
        (answer: { readonly output: readonly object[] }) => ({
          input: [{ role: "user", content: QUESTION }, ...answer.output, ...RESPONSES_LOOP.slice(-2)],
          tools: [RESPONSES_TOOL],
        }),
      ),
    ],
  },
  {
    name: "texts to be embedded",
    model: "nomic-embed-text",
    sdk: (sdk, model) => sdk.embed({ model, input: ["Paris", "Rome"], dimensions: 256 }),
    callers: [
      asEmbedding({ input: ["Paris", "Rome"], dimensions: 256 }),
      asCohereEmbed({
        texts: ["Paris", "Rome"],
        input_type: "search_document",
        embedding_types: ["float"],
        output_dimension: 256,
      }),
    ],
  },
  {
    name: "a text to be embedded",
    model: "nomic-embed-text",
    sdk: (sdk, model) => sdk.embed({ model, input: "Paris" }),
    callers: [asEmbedding({ input: "Paris" })],
  },
];

describeOracle(
  "Ollama gets what its SDK sends",
  {
    provider: "ollama",
    // Its own API, for those callers too whom it could answer in theirs.
    entry: { dialect: "ollama" },
    open: (host) => new Ollama({ host, headers: { authorization: `Bearer ${PROVIDER_KEY}` } }),
  },
  CASES,
);
