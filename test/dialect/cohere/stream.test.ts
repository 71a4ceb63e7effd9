import { describe, expect, test } from "bun:test";
import { AnswerFolder, unfoldAnswer } from "../../../src/dialect/fold.ts";
import type { Citation, NeutralAnswer, NeutralEvent } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { usageOf } from "../../../src/lib/usage.ts";
import { eventsOf, readStream, sse, writeStream } from "./fixtures.ts";

const START = {
  type: "message-start",
  id: "m1",
  delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } },
};
const content = (index: number, text: JsonObject) => ({ index, delta: { message: { content: text } } });
const WHOLE = sse(
  START,
  { type: "content-start", ...content(0, { type: "thinking", thinking: "" }) },
  { type: "content-delta", ...content(0, { thinking: "Hm." }) },
  { type: "content-end", index: 0 },
  { type: "content-start", ...content(1, { type: "text", text: "" }) },
  { type: "content-delta", ...content(1, { text: "😀 It was " }) },
  { type: "content-delta", ...content(1, { text: "Ann." }) },
  { type: "content-end", index: 1 },
  {
    type: "citation-start",
    index: 0,
    delta: {
      message: {
        citations: {
          start: 9,
          end: 12,
          text: "Ann",
          sources: [
            { type: "document", id: "doc:0", document: { id: "doc:0", title: "Facts" } },
            { type: "tool", id: "c9:0", tool_output: { content: "Ann" } },
          ],
          type: "TEXT_CONTENT",
          content_index: 1,
        },
      },
    },
  },
  { type: "citation-end", index: 0 },
  { type: "tool-plan-delta", delta: { message: { tool_plan: "I will" } } },
  { type: "tool-plan-delta", delta: { message: { tool_plan: " look." } } },
  {
    type: "tool-call-start",
    index: 0,
    delta: {
      message: { tool_calls: { id: "c1", type: "function", function: { name: "look", arguments: "" } } },
    },
  },
  {
    type: "tool-call-delta",
    index: 0,
    delta: { message: { tool_calls: { function: { arguments: '{"a":1}' } } } },
  },
  { type: "tool-call-end", index: 0 },
  { type: "debug", prompt: "<|START|>" },
  {
    type: "message-end",
    delta: {
      finish_reason: "TOOL_CALL",
      usage: {
        billed_units: { input_tokens: 3, output_tokens: 5 },
        tokens: { input_tokens: 90, output_tokens: 12, reasoning_tokens: 2 },
        cached_tokens: 64,
      },
    },
  },
);

function fold(events: readonly NeutralEvent[]): NeutralAnswer {
  const folder = new AnswerFolder("cohere");
  for (const event of events) folder.push(event);
  return folder.answer();
}

describe("a stream of Cohere's", () => {
  test("is read with its thinking, text, plan, calls, citations and usage", () => {
    const answer = fold(readStream(`${WHOLE}data: [DONE]\n\n`));
    expect(answer.id).toBe("m1");
    expect(answer.choices[0]?.parts).toMatchObject([
      { kind: "reasoning", text: "Hm." },
      {
        kind: "text",
        text: "😀 It was Ann.",
        // The emoji is one code point and two UTF-16 units.
        citations: [
          { start: 10, end: 13, documentIndex: 0, documentId: "doc:0", title: "Facts" },
          { start: 10, end: 13, documentIndex: null, documentId: "c9:0" },
        ],
      },
      { kind: "reasoning", text: "I will look.", isSummary: true },
      { kind: "tool-call", id: "c1", name: "look", arguments: '{"a":1}' },
    ]);
    expect(answer.choices[0]?.finish).toEqual({ kind: "tool-calls", native: "TOOL_CALL", stopSequence: null });
    expect(answer.usage).toMatchObject({
      inputTokens: 90,
      outputTokens: 12,
      cachedTokens: 64,
      reasoningTokens: 2,
    });
  });

  test("is the same in any cut", () => {
    const whole = readStream(WHOLE);
    for (const step of [1, 2, 3, 7, 64]) expect(readStream(WHOLE, step)).toEqual(whole);
  });

  test("is written back as it was", () => {
    const expected = eventsOf(WHOLE).filter(({ type }) => type !== "debug");
    const got = eventsOf(writeStream(readStream(WHOLE)));
    // A text is closed when the next thing begins, so that late citations still find it open.
    const withoutEnds = (events: typeof got) => events.filter(({ type }) => type !== "content-end");
    expect(withoutEnds(got)).toEqual(withoutEnds(expected));
    expect(got.filter(({ type }) => type === "content-end")).toHaveLength(2);
  });

  test("tells of its end only when that was seen", () => {
    const cut = WHOLE.slice(0, WHOLE.indexOf("event: message-end"));
    expect(readStream(cut).map(({ kind }) => kind)).not.toContain("message-end");
    expect(readStream(WHOLE).at(-1)?.kind).toBe("message-end");
  });

  test.each([
    [{ type: "message-end", delta: { finish_reason: "ERROR", error: "it broke" } }, "upstream_error", 502],
    [{ type: "message-end", delta: { finish_reason: "TIMEOUT", error: "it broke" } }, "upstream_timeout", 504],
    [{ message: "it broke" }, "upstream_error", 502],
    [{ error: { message: "it broke" } }, "upstream_error", 502],
  ])("breaks off with %j as an error, after which nothing comes", (event, code, status) => {
    const events = readStream(
      sse(START, { type: "content-start", ...content(0, { type: "text", text: "Hello" }) }) +
        `data: ${JSON.stringify(event)}\n\n` +
        sse({ type: "message-end", delta: { finish_reason: "COMPLETE" } }),
    );
    expect(events.at(-1)).toMatchObject({ kind: "error", error: { code, status, message: "it broke" } });
    expect(events.map(({ kind }) => kind)).not.toContain("finish");
  });

  test("with a finish_reason of ERROR and nothing more is an answer that failed", () => {
    const events = readStream(sse(START, { type: "message-end", delta: { finish_reason: "ERROR" } }));
    expect(events).toContainEqual({
      kind: "finish",
      choice: 0,
      finish: { kind: "error", native: "ERROR", stopSequence: null },
      extra: null,
    });
  });

  test("is read without its message-start, its content-start and its finish_reason", () => {
    const events = readStream(
      sse({ type: "content-delta", ...content(0, { text: "Hi" }) }, { type: "message-end", delta: {} }),
    );
    expect(events.map(({ kind }) => kind)).toEqual([
      "message-start",
      "part-start",
      "text-delta",
      "part-end",
      "finish",
      "message-end",
    ]);
  });

  test("skips what is no JSON and what it does not know", () => {
    expect(readStream('data: nonsense\n\ndata: {"type":"new-thing"}\n\n: comment\n\n')).toEqual([]);
  });
});

describe("a stream for a caller of Cohere's", () => {
  const parts: NeutralAnswer["choices"][number]["parts"] = [
    { kind: "reasoning", text: "Hm.", isSummary: true },
    { kind: "text", text: "Hi" },
    { kind: "refusal", text: "No." },
    { kind: "tool-call", id: "c1", name: "look", arguments: "{}" },
  ];
  const answer: NeutralAnswer = {
    dialect: "openai-responses",
    id: null,
    model: "m",
    createdAt: 1,
    choices: [
      {
        index: 0,
        parts,
        finish: { kind: "length", native: "max_output_tokens", stopSequence: null },
        logprobs: null,
        extra: null,
      },
      { index: 1, parts, finish: null, logprobs: null, extra: null },
    ],
    usage: { ...usageOf({ inputTokens: 3, outputTokens: 4 }), extra: { odd: 1 } },
    serviceTier: null,
    extra: { created_by: "x" },
  };
  const eventsFor = (one: NeutralAnswer): NeutralEvent[] => {
    const events: NeutralEvent[] = [];
    unfoldAnswer(one, (event) => events.push(event));
    return events;
  };

  test("has Cohere's events and words, and nothing of the provider's", () => {
    const text = writeStream(eventsFor(answer));
    expect(text).not.toContain("created_by");
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    const events = eventsOf(text);
    expect(events.map(({ type }) => type)).toEqual([
      "message-start",
      "content-start",
      "content-delta",
      "content-end",
      "content-start",
      "content-delta",
      "content-end",
      "content-start",
      "content-delta",
      "content-end",
      "tool-call-start",
      "tool-call-delta",
      "tool-call-end",
      "message-end",
    ]);
    expect(events[0]).toMatchObject({ id: "req_1" });
    expect(events.at(-1)).toMatchObject({
      delta: {
        finish_reason: "MAX_TOKENS",
        usage: { tokens: { input_tokens: 3, output_tokens: 4 }, billed_units: { input_tokens: 3, output_tokens: 4 } },
      },
    });
  });

  test("cites what the provider cited, with the piece of the answer it stands on", () => {
    const citation: Citation = {
      url: "https://example.com/a",
      title: "A",
      documentIndex: null,
      documentId: null,
      citedText: "source text",
      start: 3,
      end: 5,
      sourceStart: null,
      sourceEnd: null,
      sourceUnit: null,
      extra: { odd: 1 },
    };
    const other = { ...citation, url: null, documentIndex: 2, title: null, citedText: null, extra: null };
    const cited: NeutralAnswer = {
      ...answer,
      choices: [
        {
          index: 0,
          parts: [{ kind: "text", text: "😀 ok", citations: [citation, other] }],
          finish: null,
          logprobs: null,
          extra: null,
        },
      ],
    };
    const started = eventsOf(writeStream(eventsFor(cited))).filter(({ type }) => type === "citation-start");
    expect(started).toEqual([
      {
        type: "citation-start",
        index: 0,
        delta: {
          message: {
            citations: {
              start: 2,
              end: 4,
              text: "ok",
              type: "TEXT_CONTENT",
              content_index: 0,
              sources: [
                {
                  type: "document",
                  id: "https://example.com/a",
                  document: {
                    id: "https://example.com/a",
                    title: "A",
                    url: "https://example.com/a",
                    text: "source text",
                  },
                },
                { type: "document", id: "doc:2", document: { id: "doc:2" } },
              ],
            },
          },
        },
      },
    ]);
  });

  test("puts interleaved calls one after the other", () => {
    const start = (part: number): NeutralEvent => ({
      kind: "part-start",
      choice: 0,
      part,
      start: { kind: "tool-call", id: `c${part}`, name: "look" },
    });
    const delta = (part: number, text: string): NeutralEvent => ({
      kind: "tool-call-arguments-delta",
      choice: 0,
      part,
      text,
    });
    const end = (part: number): NeutralEvent => ({ kind: "part-end", choice: 0, part, extra: null });
    const events = eventsOf(
      writeStream([start(0), start(1), delta(1, "{}"), delta(0, '{"a"'), delta(0, ":1}"), end(0), end(1)]),
    );
    expect(events.map(({ type, index }) => `${String(type)} ${String(index)}`)).toEqual([
      "tool-call-start 0",
      "tool-call-delta 0",
      "tool-call-delta 0",
      "tool-call-end 0",
      "tool-call-start 1",
      "tool-call-delta 1",
      "tool-call-end 1",
    ]);
  });

  test("says log-probabilities with the text they stand on", () => {
    const token = { token: "Hi", logprob: -0.5, bytes: null, top: [] };
    const events = eventsOf(
      writeStream([
        { kind: "part-start", choice: 0, part: 0, start: { kind: "text" } },
        { kind: "logprobs", choice: 0, tokens: [token] },
        { kind: "text-delta", choice: 0, part: 0, text: "Hi" },
        { kind: "part-end", choice: 0, part: 0, extra: null },
      ]),
    );
    expect(events[1]).toMatchObject({ type: "content-delta", logprobs: { text: "Hi", logprobs: [-0.5] } });
  });

  test("tells of an error in the one event that can", () => {
    const error = {
      code: "overloaded",
      status: 503,
      message: "busy",
      param: null,
      detail: null,
      source: "gateway",
      retryAfterSeconds: null,
    } as const;
    const text = writeStream([{ kind: "error", error }]);
    expect(text).not.toContain("[DONE]");
    expect(eventsOf(text)).toMatchObject([
      { type: "message-end", delta: { finish_reason: "ERROR", error: "busy" }, source: "gateway" },
    ]);
  });
});
