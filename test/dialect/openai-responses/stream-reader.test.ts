import { describe, expect, test } from "bun:test";
import type { NeutralEvent } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { eventsOf, fold, readStream, readText, stream, writeStream } from "./fixtures.ts";

const RESPONSE: JsonObject = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  model: "m",
  status: "in_progress",
  output: [],
};
const USAGE: JsonObject = {
  input_tokens: 1,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 2,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 3,
};
const CREATED: JsonObject = { type: "response.created", response: RESPONSE };

function completed(output: readonly JsonObject[] = []): JsonObject {
  return { type: "response.completed", response: { ...RESPONSE, status: "completed", output, usage: USAGE } };
}

const TEXT_ITEM: JsonObject = { type: "message", id: "msg_1", status: "in_progress", role: "assistant", content: [] };
const at = { item_id: "msg_1", output_index: 0, content_index: 0 };

/** Every kind of item the model makes, as the API streams it; "ü" and "🙂" so that cuts fall inside characters. */
const WHOLE: readonly JsonObject[] = [
  CREATED,
  { type: "response.in_progress", response: RESPONSE },
  { type: "response.output_item.added", output_index: 0, item: { type: "reasoning", id: "rs_1", summary: [] } },
  {
    type: "response.reasoning_summary_part.added",
    item_id: "rs_1",
    output_index: 0,
    summary_index: 0,
    part: { type: "summary_text", text: "" },
  },
  { type: "response.reasoning_summary_text.delta", item_id: "rs_1", output_index: 0, summary_index: 0, delta: "Üb" },
  { type: "response.reasoning_summary_text.delta", item_id: "rs_1", output_index: 0, summary_index: 0, delta: "er" },
  { type: "response.reasoning_summary_text.done", item_id: "rs_1", output_index: 0, summary_index: 0, text: "Über" },
  {
    type: "response.reasoning_summary_part.done",
    item_id: "rs_1",
    output_index: 0,
    summary_index: 0,
    part: { type: "summary_text", text: "Über" },
  },
  {
    type: "response.reasoning_summary_part.added",
    item_id: "rs_1",
    output_index: 0,
    summary_index: 1,
    part: { type: "summary_text", text: "" },
  },
  { type: "response.reasoning_summary_text.delta", item_id: "rs_1", output_index: 0, summary_index: 1, delta: "more" },
  { type: "response.reasoning_summary_text.done", item_id: "rs_1", output_index: 0, summary_index: 1, text: "more" },
  {
    type: "response.reasoning_summary_part.done",
    item_id: "rs_1",
    output_index: 0,
    summary_index: 1,
    part: { type: "summary_text", text: "more" },
  },
  {
    type: "response.output_item.done",
    output_index: 0,
    item: {
      type: "reasoning",
      id: "rs_1",
      encrypted_content: "gAAA",
      summary: [
        { type: "summary_text", text: "Über" },
        { type: "summary_text", text: "more" },
      ],
    },
  },
  { type: "response.output_item.added", output_index: 1, item: { ...TEXT_ITEM, phase: "final_answer" } },
  {
    type: "response.content_part.added",
    ...at,
    output_index: 1,
    part: { type: "output_text", annotations: [], logprobs: [], text: "" },
  },
  {
    type: "response.output_text.delta",
    ...at,
    output_index: 1,
    delta: "Hi 🙂",
    logprobs: [{ token: "Hi 🙂", logprob: -0.5, bytes: [72], top_logprobs: [] }],
  },
  {
    type: "response.output_text.annotation.added",
    ...at,
    output_index: 1,
    annotation_index: 0,
    annotation: { type: "url_citation", url: "https://example.com", title: "T", start_index: 0, end_index: 2 },
  },
  { type: "response.output_text.done", ...at, output_index: 1, text: "Hi 🙂", logprobs: [] },
  { type: "response.content_part.done", ...at, output_index: 1, part: { type: "output_text", text: "Hi 🙂" } },
  {
    type: "response.output_item.done",
    output_index: 1,
    item: {
      ...TEXT_ITEM,
      phase: "final_answer",
      status: "completed",
      content: [
        {
          type: "output_text",
          text: "Hi 🙂",
          annotations: [{ type: "url_citation", url: "https://example.com", title: "T", start_index: 0, end_index: 2 }],
          logprobs: [{ token: "Hi 🙂", logprob: -0.5, bytes: [72], top_logprobs: [] }],
        },
      ],
    },
  },
  {
    type: "response.output_item.added",
    output_index: 2,
    item: { type: "function_call", id: "fc_1", call_id: "c1", name: "f", arguments: "", status: "in_progress" },
  },
  { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 2, delta: '{"a"' },
  { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 2, delta: ":1}" },
  { type: "response.function_call_arguments.done", item_id: "fc_1", output_index: 2, arguments: '{"a":1}' },
  {
    type: "response.output_item.done",
    output_index: 2,
    item: { type: "function_call", id: "fc_1", call_id: "c1", name: "f", arguments: '{"a":1}', status: "completed" },
  },
  {
    type: "response.output_item.added",
    output_index: 3,
    item: { type: "custom_tool_call", id: "ctc_1", call_id: "c2", name: "g", input: "" },
  },
  { type: "response.custom_tool_call_input.delta", item_id: "ctc_1", output_index: 3, delta: "free" },
  { type: "response.custom_tool_call_input.done", item_id: "ctc_1", output_index: 3, input: "free" },
  {
    type: "response.output_item.done",
    output_index: 3,
    item: { type: "custom_tool_call", id: "ctc_1", call_id: "c2", name: "g", input: "free" },
  },
  {
    type: "response.output_item.added",
    output_index: 4,
    item: { type: "web_search_call", id: "ws_1", status: "in_progress" },
  },
  { type: "response.web_search_call.in_progress", item_id: "ws_1", output_index: 4 },
  { type: "response.web_search_call.searching", item_id: "ws_1", output_index: 4 },
  { type: "response.web_search_call.completed", item_id: "ws_1", output_index: 4 },
  {
    type: "response.output_item.done",
    output_index: 4,
    item: { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } },
  },
  completed(),
];

function kinds(events: readonly NeutralEvent[]): readonly string[] {
  return events.map((event) => (event.kind === "part-start" ? `start:${event.start.kind}` : event.kind));
}

function textOf(events: readonly NeutralEvent[]): string {
  return events.map((event) => (event.kind === "text-delta" ? event.text : "")).join("");
}

describe("a stream", () => {
  test("is parts in order", () => {
    expect(kinds(readText(stream(WHOLE)))).toEqual([
      "message-start",
      "start:reasoning",
      "reasoning-delta",
      "reasoning-delta",
      "reasoning-delta",
      "reasoning-delta",
      "signature",
      "part-end",
      "start:text",
      "logprobs",
      "text-delta",
      "citation",
      "part-end",
      "start:tool-call",
      "tool-call-arguments-delta",
      "tool-call-arguments-delta",
      "part-end",
      "start:tool-call",
      "tool-call-arguments-delta",
      "part-end",
      "start:whole",
      "part-end",
      "finish",
      "usage",
      "message-end",
    ]);
  });

  test("cut at every byte gives the same events", () => {
    const bytes = Buffer.from(stream(WHOLE));
    const whole = readStream([bytes]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(readStream([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
    }
    expect(readStream(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  test("without its end has no message-end, wherever it stops", () => {
    const text = stream(WHOLE);
    const end = text.indexOf("event: response.completed");
    for (let length = 0; length < end + 60; length += 97) {
      expect(kinds(readText(text.slice(0, length)))).not.toContain("message-end");
    }
  });

  test("written for a caller of the same API is the same stream", () => {
    const written = eventsOf(writeStream(readText(stream(WHOLE))));
    expect(written.map(({ type }) => type)).toEqual(WHOLE.map(({ type }) => type));
    expect(written.map((event) => event["sequence_number"])).toEqual(WHOLE.map((_, index) => index));
    expect(fold(readText(writeStream(readText(stream(WHOLE))))).answer()).toEqual(
      fold(readText(stream(WHOLE))).answer(),
    );
  });
});

describe("a provider that is sloppy", () => {
  test("names events in the data alone, or behind it", () => {
    const bare = WHOLE.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
    const behind = WHOLE.map((event) => `data: ${JSON.stringify(event)}\nevent: ${String(event["type"])}\n\n`).join("");
    const untyped = WHOLE.map(
      ({ type, ...event }) => `event: ${String(type)}\ndata: ${JSON.stringify(event)}\n\n`,
    ).join("");
    const expected = readText(stream(WHOLE));
    for (const text of [bare, behind, untyped, `: hello\n\n${bare}data: [DONE]\n\n`]) {
      expect(readText(text)).toEqual(expected);
    }
  });

  test("gives an item another id in every event", () => {
    let id = 0;
    const rotated = WHOLE.map((event) => (event["item_id"] === undefined ? event : { ...event, item_id: `x${id++}` }));
    expect(readText(stream(rotated))).toEqual(readText(stream(WHOLE)));
  });

  test("sends no deltas: the events at the end say it all", () => {
    const quiet = WHOLE.filter(({ type }) => !String(type).endsWith(".delta") && !String(type).includes("annotation"));
    const expected = fold(readText(stream(WHOLE))).answer();
    expect(fold(readText(stream(quiet))).answer()).toEqual(expected);
  });

  test("sends nothing but the completed response", () => {
    const output = WHOLE.filter(({ type }) => type === "response.output_item.done").map(
      ({ item }) => item as JsonObject,
    );
    const folded = fold(readText(stream([completed(output)])));
    expect(folded.isFinished).toBe(true);
    expect(folded.answer().choices[0]?.parts.map(({ kind }) => kind)).toEqual([
      "reasoning",
      "text",
      "tool-call",
      "tool-call",
      "native",
    ]);
  });

  test("never says that an item is done", () => {
    const folded = fold(
      readText(
        stream([
          CREATED,
          { type: "response.output_item.added", output_index: 0, item: TEXT_ITEM },
          { type: "response.output_text.delta", ...at, delta: "hi" },
          completed(),
        ]),
      ),
    );
    expect(folded.answer().choices[0]?.parts).toMatchObject([{ kind: "text", text: "hi" }]);
    expect(folded.isFinished).toBe(true);
  });

  test("begins with a delta", () => {
    const folded = fold(
      readText(stream([CREATED, { type: "response.output_text.delta", ...at, delta: "hi" }, completed()])),
    );
    expect(folded.answer().choices[0]?.parts).toMatchObject([{ kind: "text", text: "hi" }]);
  });

  test("counts every item as the first", () => {
    const events = readText(
      stream([
        CREATED,
        { type: "response.output_item.added", output_index: 0, item: TEXT_ITEM },
        { type: "response.output_text.delta", output_index: 0, delta: "one" },
        {
          type: "response.output_item.added",
          output_index: 0,
          item: { type: "function_call", call_id: "c", name: "f", arguments: "" },
        },
        { type: "response.function_call_arguments.delta", output_index: 0, delta: "{}" },
        completed(),
      ]),
    );
    expect(
      fold(events)
        .answer()
        .choices[0]?.parts.map(({ kind }) => kind),
    ).toEqual(["text", "tool-call"]);
    expect(fold(events).answer().choices[0]?.finish?.kind).toBe("tool-calls");
  });

  test("sends events nobody knows, in any place", () => {
    const strange: JsonObject = { type: "response.brand_new.thing", output_index: 7, delta: { odd: [1] } };
    const mixed = WHOLE.flatMap((event) => [strange, event]);
    expect(readText(stream(mixed))).toEqual(readText(stream(WHOLE)));
  });

  test("sends members of the wrong kind", () => {
    const odd = [
      CREATED,
      { type: "response.output_item.added", output_index: "0", item: 5 },
      { type: "response.output_text.delta", output_index: null, delta: 5, logprobs: "x" },
      { type: "response.output_item.done", item: [] },
      { type: "response.output_text.annotation.added", annotation: "x" },
      completed(),
    ] as readonly JsonObject[];
    expect(fold(readText(stream(odd))).isFinished).toBe(true);
  });
});

describe("reasoning", () => {
  test("in its own words is no summary", () => {
    const events = readText(
      stream([
        CREATED,
        { type: "response.output_item.added", output_index: 0, item: { type: "reasoning", id: "rs", summary: [] } },
        { type: "response.reasoning_text.delta", item_id: "rs", output_index: 0, content_index: 0, delta: "raw" },
        {
          type: "response.output_item.done",
          output_index: 0,
          item: { type: "reasoning", id: "rs", summary: [], content: [{ type: "reasoning_text", text: "raw" }] },
        },
        completed(),
      ]),
    );
    expect(fold(events).answer().choices[0]?.parts).toMatchObject([
      { kind: "reasoning", text: "raw", isSummary: false },
    ]);
    expect(eventsOf(writeStream(events)).map(({ type }) => type)).toContain("response.reasoning_text.delta");
  });

  test("marks the empty line between paragraphs, so that they can be told apart again", () => {
    const breaks = readText(stream(WHOLE)).filter(
      (event) => event.kind === "reasoning-delta" && event.isBreak === true,
    );
    expect(breaks).toMatchObject([{ text: "\n\n" }]);
  });
});

describe("an end", () => {
  test("by length or filter is told", () => {
    for (const [reason, kind] of [
      ["max_output_tokens", "length"],
      ["content_filter", "content-filter"],
    ]) {
      const response = {
        ...RESPONSE,
        status: "incomplete",
        incomplete_details: { reason },
        usage: USAGE,
      } as JsonObject;
      const folded = fold(readText(stream([CREATED, { type: "response.incomplete", response }])));
      expect(folded.answer().choices[0]?.finish?.kind).toBe(kind as never);
    }
  });

  test("by an error is one error and nothing after it", () => {
    const nested = { type: "error", error: { type: "server_error", code: "server_is_overloaded", message: "busy" } };
    const flat = { type: "error", code: "server_is_overloaded", message: "busy", param: null };
    const failed = {
      type: "response.failed",
      response: { ...RESPONSE, status: "failed", error: { code: "server_is_overloaded", message: "busy" } },
    };
    for (const ending of [[nested, failed], [flat], [failed], [failed, completed()]]) {
      const events = readText(stream([CREATED, ...ending] as readonly JsonObject[]));
      expect(kinds(events)).toEqual(["message-start", "error"]);
      expect(events[1]).toMatchObject({
        error: { code: "overloaded", status: 503, message: "busy", source: "provider" },
      });
    }
  });

  test("an error object in place of an event is an error", () => {
    expect(kinds(readText('data: {"error":{"message":"no","code":"rate_limit_exceeded"}}\n\n'))).toEqual(["error"]);
  });

  test("an event that is no JSON inside the stream is refused", () => {
    expect(() => readText(`${stream([CREATED])}data: {oops\n\n${stream([completed()])}`)).toThrow("JSON events");
  });
});

test("text of many deltas is the text", () => {
  const pieces = Array.from({ length: 500 }, (_, index) => `w${index} `);
  const events = readText(
    stream([CREATED, ...pieces.map((delta) => ({ type: "response.output_text.delta", ...at, delta })), completed()]),
  );
  expect(textOf(events)).toBe(pieces.join(""));
});
