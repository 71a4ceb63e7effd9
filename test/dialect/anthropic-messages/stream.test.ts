import { describe, expect, test } from "bun:test";
import { anthropicMessages } from "../../../src/dialect/anthropic-messages/dialect.ts";
import { AnswerFolder } from "../../../src/dialect/fold.ts";
import type { NeutralEvent, NeutralUsage } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { usageOf } from "../../../src/lib/usage.ts";
import { ANSWER, events } from "./codec.ts";

const { generate } = anthropicMessages;

function sse(...data: readonly JsonObject[]): string {
  return data.map((event) => `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

const start = (index: number, content_block: JsonObject): JsonObject => ({
  type: "content_block_start",
  index,
  content_block,
});
const delta = (index: number, value: JsonObject): JsonObject => ({ type: "content_block_delta", index, delta: value });
const stop = (index: number): JsonObject => ({ type: "content_block_stop", index });

const START: JsonObject = {
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 5, cache_read_input_tokens: 2, output_tokens: 1, service_tier: "standard" },
  },
};
const STREAM = sse(
  START,
  start(0, { type: "thinking", thinking: "", signature: "" }),
  { type: "ping" },
  delta(0, { type: "thinking_delta", thinking: "Hm – grün" }),
  delta(0, { type: "signature_delta", signature: "proof" }),
  stop(0),
  start(1, { type: "redacted_thinking", data: "secret" }),
  stop(1),
  start(2, { type: "text", text: "", citations: [] }),
  delta(2, { type: "text_delta", text: "Hello" }),
  delta(2, {
    type: "citations_delta",
    citation: { type: "web_search_result_location", cited_text: "c", url: "u", title: "t", encrypted_index: "e" },
  }),
  stop(2),
  start(3, { type: "server_tool_use", id: "s1", name: "web_search", input: {} }),
  delta(3, { type: "input_json_delta", partial_json: "" }),
  delta(3, { type: "input_json_delta", partial_json: '{"query":"q"}' }),
  stop(3),
  start(4, { type: "web_search_tool_result", tool_use_id: "s1", content: [] }),
  stop(4),
  start(5, { type: "tool_use", id: "t1", name: "f", input: {}, caller: { type: "direct" } }),
  delta(5, { type: "input_json_delta", partial_json: '{"a"' }),
  delta(5, { type: "input_json_delta", partial_json: ':"ü"}' }),
  stop(5),
  {
    type: "message_delta",
    delta: { stop_reason: "tool_use", stop_sequence: null, container: null },
    usage: { output_tokens: 20, server_tool_use: { web_search_requests: 1 } },
    context_management: { applied_edits: [] },
  },
  { type: "message_stop" },
);

function fold(pieces: readonly (string | Uint8Array)[]): AnswerFolder {
  const folder = new AnswerFolder("anthropic-messages");
  for (const event of events(generate.openReader(), pieces)) folder.push(event);
  return folder;
}

describe("reading", () => {
  test("makes parts of every kind of block", () => {
    const folder = fold([STREAM]);
    expect(folder.isFinished).toBe(true);
    const answer = folder.answer();
    expect(answer).toMatchObject({ id: "msg_1", model: "claude-sonnet-4-5", serviceTier: "default" });
    expect(answer.choices[0]?.parts).toMatchObject([
      { kind: "reasoning", text: "Hm – grün", signature: { owner: "anthropic", data: "proof" } },
      { kind: "reasoning", text: "", encrypted: { owner: "anthropic", data: "secret" } },
      { kind: "text", text: "Hello", citations: [{ url: "u", title: "t", citedText: "c" }] },
      { kind: "native", value: { type: "server_tool_use", input: { query: "q" } } },
      { kind: "native", value: { type: "web_search_tool_result" } },
      { kind: "tool-call", id: "t1", name: "f", arguments: '{"a":"ü"}' },
    ]);
    expect(answer.choices[0]?.finish).toEqual({ kind: "tool-calls", native: "tool_use", stopSequence: null });
    expect(answer.usage).toMatchObject({ inputTokens: 7, cachedTokens: 2, outputTokens: 20, webSearches: 1 });
  });

  test("is the same for a stream cut at every byte", () => {
    const bytes = Buffer.from(STREAM);
    const whole = fold([bytes]).answer();
    for (let at = 1; at < bytes.length; at++) {
      expect(fold([bytes.subarray(0, at), bytes.subarray(at)]).answer()).toEqual(whole);
    }
    expect(fold([...bytes].map((byte) => Uint8Array.of(byte))).answer()).toEqual(whole);
  });

  test("a stream that breaks off has no end", () => {
    const seen = events(generate.openReader(), [STREAM.slice(0, STREAM.indexOf("event: message_stop"))]);
    expect(seen.some(({ kind }) => kind === "message-end")).toBe(false);
  });

  test("an error in mid-stream ends it", () => {
    const seen = events(generate.openReader(), [
      sse(
        START,
        { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
        { type: "message_stop" },
      ),
    ]);
    expect(seen.at(-1)).toMatchObject({
      kind: "error",
      error: { code: "overloaded", status: 529, message: "Overloaded", source: "provider" },
    });
  });

  test("an input that stands in the block's start counts, unless deltas follow", () => {
    const call = (more: readonly JsonObject[]) =>
      fold([
        sse(START, start(0, { type: "tool_use", id: "t", name: "f", input: { a: 1 } }), ...more, stop(0), {
          type: "message_stop",
        }),
      ]).answer().choices[0]?.parts[0];
    expect(call([])).toMatchObject({ arguments: '{"a":1}' });
    expect(call([delta(0, { type: "input_json_delta", partial_json: '{"b":2}' })])).toMatchObject({
      arguments: '{"b":2}',
    });
  });

  test("a second start, [DONE] and events of later versions change nothing", () => {
    const folder = fold([sse(START, START, { type: "brand_new" }), "data: [DONE]\n\n", sse({ type: "message_stop" })]);
    expect(folder.answer().id).toBe("msg_1");
    expect(folder.isFinished).toBe(true);
  });
});

describe("writing", () => {
  const at = (part: number) => ({ choice: 0, part });
  const usage: NeutralUsage = { ...usageOf({ inputTokens: 9, outputTokens: 3, cachedTokens: 4 }), extra: { odd: 1 } };

  function written(list: readonly NeutralEvent[], isForeign = true): JsonObject[] {
    const writer = generate.openWriter(isForeign ? { ...ANSWER, answerDialect: "openai-chat" } : ANSWER);
    const text = list.map((event) => writer.write(event)).join("");
    return text
      .split("\n\n")
      .filter((event) => event !== "")
      .map((event) => {
        const [name = "", data = ""] = event.split("\n");
        const value = JSON.parse(data.slice("data: ".length)) as JsonObject;
        expect(name).toBe(`event: ${String(value["type"])}`);
        return value;
      });
  }

  const BEGIN: NeutralEvent = {
    kind: "message-start",
    id: null,
    model: null,
    createdAt: 1,
    serviceTier: null,
    extra: { system_fingerprint: "x" },
  };
  const END: readonly NeutralEvent[] = [
    { kind: "finish", ...at(0), finish: { kind: "stop", native: "stop", stopSequence: null }, extra: { odd: 1 } },
    { kind: "usage", usage },
    { kind: "message-end", extra: { odd: 1 } },
  ];

  test("a stream written back in the same dialect folds to the same answer", () => {
    const writer = generate.openWriter(ANSWER);
    const again = events(generate.openReader(), [STREAM])
      .map((event) => writer.write(event))
      .join("");
    expect(fold([again]).answer()).toEqual(fold([STREAM]).answer());
  });

  test("events come in the official order, without another dialect's members", () => {
    const list = written([
      BEGIN,
      { kind: "part-start", ...at(0), start: { kind: "text" } },
      { kind: "text-delta", ...at(0), text: "" },
      { kind: "text-delta", ...at(0), text: 'a"b' },
      { kind: "part-end", ...at(0), extra: null },
      ...END,
    ]);
    expect(list).toEqual([
      {
        type: "message_start",
        message: {
          id: "msg_r1",
          type: "message",
          role: "assistant",
          model: "claude-sonnet-4-5",
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
        },
      },
      start(0, { type: "text", text: "" }),
      delta(0, { type: "text_delta", text: 'a"b' }),
      stop(0),
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: { input_tokens: 5, output_tokens: 3, cache_read_input_tokens: 4, cache_creation_input_tokens: 0 },
      },
      { type: "message_stop" },
    ]);
  });

  test("usage that is known at the start stands in the first event", () => {
    const [first] = written([BEGIN, { kind: "usage", usage }, ...END]);
    expect(first).toMatchObject({ message: { usage: { input_tokens: 5, output_tokens: 3 } } });
  });

  test("interleaved tool calls are put one after the other", () => {
    const list = written([
      BEGIN,
      { kind: "part-start", ...at(0), start: { kind: "tool-call", id: "a", name: "f" } },
      { kind: "part-start", ...at(1), start: { kind: "tool-call", id: "b", name: "g" } },
      { kind: "tool-call-arguments-delta", ...at(1), text: "{}" },
      { kind: "tool-call-arguments-delta", ...at(0), text: '{"x":1}' },
      { kind: "part-end", ...at(0), extra: null },
      { kind: "part-end", ...at(1), extra: null },
      ...END,
    ]).slice(1, -2);
    expect(list).toEqual([
      start(0, { type: "tool_use", id: "a", name: "f", input: {} }),
      delta(0, { type: "input_json_delta", partial_json: '{"x":1}' }),
      stop(0),
      start(1, { type: "tool_use", id: "b", name: "g", input: {} }),
      delta(1, { type: "input_json_delta", partial_json: "{}" }),
      stop(1),
    ]);
  });

  test("reasoning: words with a signature, or a redacted block where all is encrypted", () => {
    const list = written([
      BEGIN,
      { kind: "part-start", ...at(0), start: { kind: "reasoning" } },
      { kind: "reasoning-delta", ...at(0), text: "hm" },
      { kind: "signature", ...at(0), slot: "encrypted", opaque: { owner: "openai", data: "enc" } },
      { kind: "part-end", ...at(0), extra: null },
      { kind: "part-start", ...at(1), start: { kind: "reasoning" } },
      { kind: "signature", ...at(1), slot: "encrypted", opaque: { owner: "openai", data: "enc" } },
      { kind: "part-end", ...at(1), extra: null },
      { kind: "part-start", ...at(2), start: { kind: "reasoning" } },
      { kind: "part-end", ...at(2), extra: null },
      ...END,
    ]).slice(1, -2);
    expect(list).toEqual([
      start(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "thinking_delta", thinking: "hm" }),
      delta(0, { type: "signature_delta", signature: "llmux.openai.ZW5j" }),
      stop(0),
      start(1, { type: "redacted_thinking", data: "llmux.openai.ZW5j" }),
      stop(1),
    ]);
  });

  test("reasoning that nothing signed says so by an empty signature", () => {
    const list = written([
      BEGIN,
      { kind: "part-start", ...at(0), start: { kind: "reasoning" } },
      { kind: "reasoning-delta", ...at(0), text: "hm" },
      { kind: "part-end", ...at(0), extra: null },
      ...END,
    ]).slice(1, -2);
    expect(list).toEqual([
      start(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "thinking_delta", thinking: "hm" }),
      delta(0, { type: "signature_delta", signature: "" }),
      stop(0),
    ]);
  });

  test("a text's foreign signature follows in a block of its own, by an event as all signatures do", () => {
    const list = written([
      BEGIN,
      { kind: "part-start", ...at(0), start: { kind: "text" } },
      { kind: "text-delta", ...at(0), text: "Hi" },
      { kind: "signature", ...at(0), slot: "signature", opaque: { owner: "google", data: "sig" } },
      { kind: "part-end", ...at(0), extra: null },
      ...END,
    ]).slice(1, -2);
    expect(list.slice(-3)).toEqual([
      start(1, { type: "thinking", thinking: "", signature: "" }),
      delta(1, { type: "signature_delta", signature: "llmux.google.c2ln" }),
      stop(1),
    ]);
  });

  test("a tool call's foreign signature goes before it and comes back on it", () => {
    const signature = { owner: "google", data: "sig" } as const;
    const writer = generate.openWriter({ ...ANSWER, answerDialect: "gemini" });
    const list: readonly NeutralEvent[] = [
      BEGIN,
      { kind: "part-start", ...at(0), start: { kind: "tool-call", id: "a", name: "f", signature } },
      { kind: "part-end", ...at(0), extra: null },
      ...END,
    ];
    expect(fold([list.map((event) => writer.write(event)).join("")]).answer().choices[0]?.parts).toEqual([
      { kind: "tool-call", id: "a", name: "f", arguments: "{}", signature },
    ]);
  });

  test("without the provider's end there is none, and an error is said as the API says it", () => {
    const list = written([
      BEGIN,
      { kind: "part-start", ...at(0), start: { kind: "text" } },
      { kind: "text-delta", ...at(0), text: "a" },
      { kind: "keep-alive" },
      {
        kind: "error",
        error: {
          code: "upstream_truncated",
          status: 502,
          message: "Cut.",
          param: null,
          detail: null,
          source: "gateway",
          retryAfterSeconds: null,
        },
      },
    ]);
    expect(list.map(({ type }) => type)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "ping",
      "error",
    ]);
    expect(list.at(-1)).toEqual({ type: "error", error: { type: "api_error", message: "Cut." } });
  });

  test("only the first of several choices is written", () => {
    const list = written([
      BEGIN,
      { kind: "part-start", choice: 1, part: 0, start: { kind: "text" } },
      { kind: "text-delta", choice: 1, part: 0, text: "b" },
      { kind: "part-end", choice: 1, part: 0, extra: null },
      ...END,
    ]);
    expect(list.map(({ type }) => type)).toEqual(["message_start", "message_delta", "message_stop"]);
  });
});
