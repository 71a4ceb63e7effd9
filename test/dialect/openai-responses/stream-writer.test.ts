import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { unfoldAnswer } from "../../../src/dialect/fold.ts";
import type { NeutralEvent, NeutralUsage } from "../../../src/dialect/neutral.ts";
import { openaiResponses } from "../../../src/dialect/openai-responses/dialect.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { usageOf } from "../../../src/lib/usage.ts";
import { answerContext, END, eventsOf, fold, read, readText, started, STOP, writeStream } from "./fixtures.ts";

const USAGE: NeutralUsage = { ...usageOf({ inputTokens: 3, outputTokens: 4 }), extra: null };

function at(part: number): { readonly choice: 0; readonly part: number } {
  return { choice: 0, part };
}

function textPart(part: number, ...pieces: readonly string[]): readonly NeutralEvent[] {
  return [
    { kind: "part-start", ...at(part), start: { kind: "text" } },
    ...pieces.map((text): NeutralEvent => ({ kind: "text-delta", ...at(part), text })),
    { kind: "part-end", ...at(part), extra: null },
  ];
}

function callPart(part: number, id: string, ...pieces: readonly string[]): readonly NeutralEvent[] {
  return [
    { kind: "part-start", ...at(part), start: { kind: "tool-call", id, name: `f_${id}` } },
    ...pieces.map((text): NeutralEvent => ({ kind: "tool-call-arguments-delta", ...at(part), text })),
    { kind: "part-end", ...at(part), extra: null },
  ];
}

function reasoningPart(part: number, ...pieces: readonly string[]): readonly NeutralEvent[] {
  return [
    { kind: "part-start", ...at(part), start: { kind: "reasoning" } },
    ...pieces.map((text): NeutralEvent => ({ kind: "reasoning-delta", ...at(part), text })),
    { kind: "signature", ...at(part), slot: "signature", opaque: { owner: "anthropic", data: "sig" } },
    { kind: "part-end", ...at(part), extra: null },
  ];
}

function types(text: string): readonly unknown[] {
  return eventsOf(text).map(({ type }) => String(type).replace(/^response\./, ""));
}

/** The whole response as the last event has it. */
function last(text: string): JsonObject {
  return eventsOf(text).at(-1)?.["response"] as JsonObject;
}

/** The SDK, fed with a stream. */
function sdk(text: string): OpenAI {
  return new OpenAI({
    apiKey: "sk-example",
    baseURL: "http://localhost/v1",
    fetch: async () => new Response(text, { headers: { "content-type": "text/event-stream" } }),
  });
}

describe("the order of events", () => {
  test("a text", () => {
    const text = writeStream([started(), ...textPart(0, "a", "b"), STOP, { kind: "usage", usage: USAGE }, END]);
    expect(types(text)).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "completed",
    ]);
    expect(eventsOf(text).map((event) => event["sequence_number"])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("reasoning, a call, a refusal", () => {
    const text = writeStream([
      started(),
      ...reasoningPart(0, "hm"),
      ...callPart(1, "c", "{}"),
      { kind: "part-start", ...at(2), start: { kind: "refusal" } },
      { kind: "text-delta", ...at(2), text: "no" },
      { kind: "part-end", ...at(2), extra: null },
      STOP,
      END,
    ]);
    expect(types(text)).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "output_item.done",
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "refusal.delta",
      "refusal.done",
      "content_part.done",
      "output_item.done",
      "completed",
    ]);
  });

  test("a custom tool's call", () => {
    const text = writeStream([
      started(),
      { kind: "part-start", ...at(0), start: { kind: "tool-call", id: "c", name: "sql", isCustom: true } },
      { kind: "tool-call-arguments-delta", ...at(0), text: "select" },
      { kind: "part-end", ...at(0), extra: null },
      STOP,
      END,
    ]);
    expect(types(text).slice(3, 5)).toEqual(["custom_tool_call_input.delta", "custom_tool_call_input.done"]);
    expect(last(text)["output"]).toMatchObject([{ type: "custom_tool_call", input: "select", call_id: "c" }]);
  });

  test("texts that follow each other are contents of one message; a call between makes two", () => {
    const text = writeStream([
      started(),
      ...textPart(0, "a"),
      ...textPart(1, "b"),
      ...callPart(2, "c", "{}"),
      ...textPart(3, "d"),
      STOP,
      END,
    ]);
    expect(last(text)["output"]).toMatchObject([
      { type: "message", content: [{ text: "a" }, { text: "b" }] },
      { type: "function_call" },
      { type: "message", content: [{ text: "d" }] },
    ]);
  });

  test("calls that are open at once keep their places", () => {
    const [open1, delta1, , end1] = callPart(0, "one", '{"a"', "x");
    const [open2, delta2, end2] = callPart(1, "two", "{}");
    const events = [started(), open1, open2, delta2, delta1, end2, end1, STOP, END] as readonly NeutralEvent[];
    const text = writeStream(events);
    expect(
      eventsOf(text)
        .filter(({ type }) => String(type).endsWith("delta"))
        .map((event) => event["output_index"]),
    ).toEqual([1, 0]);
    expect(last(text)["output"]).toMatchObject([
      { call_id: "one", arguments: '{"a"' },
      { call_id: "two", arguments: "{}" },
    ]);
  });

  test("summary paragraphs are parts of their own", () => {
    const text = writeStream([
      started(),
      { kind: "part-start", ...at(0), start: { kind: "reasoning", isSummary: true } },
      { kind: "reasoning-delta", ...at(0), text: "one" },
      { kind: "reasoning-delta", ...at(0), text: "\n\n", isBreak: true },
      { kind: "reasoning-delta", ...at(0), text: "two" },
      { kind: "part-end", ...at(0), extra: null },
      STOP,
      END,
    ]);
    expect(last(text)["output"]).toMatchObject([{ summary: [{ text: "one" }, { text: "two" }] }]);
  });

  test("a citation of a whole text is said when its length is known", () => {
    const text = writeStream([
      started(),
      { kind: "part-start", ...at(0), start: { kind: "text" } },
      {
        kind: "citation",
        ...at(0),
        citation: {
          url: "https://example.com",
          title: "T",
          documentIndex: null,
          documentId: null,
          citedText: null,
          start: null,
          end: null,
          sourceStart: null,
          sourceEnd: null,
          sourceUnit: null,
          extra: null,
        },
      },
      { kind: "text-delta", ...at(0), text: "four" },
      { kind: "part-end", ...at(0), extra: null },
      STOP,
      END,
    ]);
    const added = eventsOf(text).find(({ type }) => type === "response.output_text.annotation.added");
    expect(added).toMatchObject({
      annotation_index: 0,
      annotation: { type: "url_citation", start_index: 0, end_index: 4 },
    });
    expect(last(text)["output"]).toMatchObject([{ content: [{ annotations: [{ url: "https://example.com" }] }] }]);
  });

  test("log-probabilities go with the text that follows them", () => {
    const tokens = [{ token: "a", logprob: -1, bytes: null, top: [] }];
    const text = writeStream([
      started(),
      { kind: "part-start", ...at(0), start: { kind: "text" } },
      { kind: "logprobs", choice: 0, tokens },
      { kind: "text-delta", ...at(0), text: "a" },
      { kind: "text-delta", ...at(0), text: "b" },
      { kind: "part-end", ...at(0), extra: null },
      STOP,
      END,
    ]);
    const deltas = eventsOf(text).filter(({ type }) => type === "response.output_text.delta");
    expect(deltas.map((event) => (event["logprobs"] as unknown[]).length)).toEqual([1, 0]);
    expect(last(text)["output"]).toMatchObject([{ content: [{ logprobs: [{ token: "a", bytes: [97] }] }] }]);
  });
});

describe("the response", () => {
  test("repeats the request's settings in every event that has one", () => {
    const request = read({ model: "m", input: "x", instructions: "be kind", temperature: 0.25, metadata: { k: "v" } });
    const events = eventsOf(writeStream([started(), STOP, END], request));
    for (const event of events) {
      expect(event["response"]).toMatchObject({
        instructions: "be kind",
        temperature: 0.25,
        metadata: { k: "v" },
        model: "a-model",
      });
    }
    expect(new Set(events.map((event) => (event["response"] as JsonObject)["id"])).size).toBe(1);
  });

  test.each([
    ["length", "incomplete", { reason: "max_output_tokens" }],
    ["content-filter", "incomplete", { reason: "content_filter" }],
    ["stop", "completed", null],
  ])("an end by %s is %s", (kind, status, details) => {
    const finish: NeutralEvent = {
      kind: "finish",
      choice: 0,
      finish: { kind: kind as "stop", native: null, stopSequence: null },
      extra: null,
    };
    const text = writeStream([started(), ...textPart(0, "x"), finish, END]);
    expect(types(text).at(-1)).toBe(status);
    expect(last(text)).toMatchObject({ status, incomplete_details: details, output: [{ status }] });
  });

  test("an error in the middle is the error event and the failed response, and no completion", () => {
    const [open, delta] = textPart(0, "half");
    const text = writeStream([
      started(),
      open as NeutralEvent,
      delta as NeutralEvent,
      {
        kind: "error",
        error: {
          code: "overloaded",
          status: 529,
          message: "busy",
          param: null,
          detail: "overloaded_error",
          source: "provider",
          retryAfterSeconds: null,
        },
      },
    ]);
    expect(types(text).slice(-2)).toEqual(["error", "failed"]);
    expect(eventsOf(text).at(-2)).toMatchObject({
      code: "overloaded_error",
      error: { message: "busy", source: "provider" },
    });
    expect(last(text)).toMatchObject({ status: "failed", error: { code: "overloaded_error", message: "busy" } });
  });

  test("members of another API's are not in it", () => {
    const text = writeStream([started({ system_fingerprint: "fp", object: "chat.completion.chunk" }), STOP, END]);
    expect(last(text)).not.toHaveProperty("system_fingerprint");
    expect(last(text)["object"]).toBe("response");
  });

  test("a function without arguments gets an empty object", () => {
    const text = writeStream([started(), ...callPart(0, "c"), STOP, END]);
    expect(last(text)["output"]).toMatchObject([{ arguments: "{}" }]);
    expect(types(text)).toContain("function_call_arguments.delta");
  });

  test("other choices than the first are left out", () => {
    const other = textPart(0, "other").map((event) => ({ ...event, choice: 1 }) as NeutralEvent);
    const text = writeStream([started(), ...textPart(0, "first"), ...other, STOP, END]);
    expect(last(text)["output"]).toMatchObject([{ content: [{ text: "first" }] }]);
  });

  test("an answer beyond the bound is refused, not held", () => {
    const writer = openaiResponses.generate.openWriter(answerContext());
    const piece = "x".repeat(8 * 1024 * 1024);
    writer.write(started());
    writer.write({ kind: "part-start", ...at(0), start: { kind: "text" } });
    expect(() => {
      for (let count = 0; count < 9; count++) writer.write({ kind: "text-delta", ...at(0), text: piece });
    }).toThrow("longer than");
  });
});

describe("an item of the API's own tools", () => {
  test.each([
    [
      { type: "web_search_call", id: "ws", status: "completed" },
      ["web_search_call.in_progress", "web_search_call.searching", "web_search_call.completed"],
    ],
    [
      { type: "code_interpreter_call", id: "ci", status: "completed", code: "1+1", container_id: "c", outputs: [] },
      [
        "code_interpreter_call.in_progress",
        "code_interpreter_call_code.delta",
        "code_interpreter_call_code.done",
        "code_interpreter_call.interpreting",
        "code_interpreter_call.completed",
      ],
    ],
    [
      { type: "mcp_call", id: "mcp", status: "failed", arguments: "{}", error: "no" },
      ["mcp_call.in_progress", "mcp_call_arguments.delta", "mcp_call_arguments.done", "mcp_call.failed"],
    ],
    [
      { type: "mcp_list_tools", id: "l", tools: [{ name: "t" }] },
      ["mcp_list_tools.in_progress", "mcp_list_tools.completed"],
    ],
    [
      { type: "file_search_call", id: "fs", status: "completed", queries: ["q"], results: null },
      ["file_search_call.in_progress", "file_search_call.searching", "file_search_call.completed"],
    ],
    [{ type: "later_call", id: "x" }, []],
  ] as readonly (readonly [JsonObject, readonly string[]])[])("%j is told step by step", (value, steps) => {
    const text = writeStream([
      started({ object: "response" }),
      ...textPart(0, "before"),
      {
        kind: "part-start",
        ...at(1),
        start: { kind: "whole", part: { kind: "native", dialect: "openai-responses", value } },
      },
      { kind: "part-end", ...at(1), extra: null },
      STOP,
      END,
    ]);
    const all = types(text);
    expect(all.slice(all.lastIndexOf("output_item.added") + 1, all.lastIndexOf("output_item.done"))).toEqual([
      ...steps,
    ]);
    expect(last(text)["output"]).toMatchObject([{ type: "message" }, value]);
  });

  test("of another API is left out", () => {
    const part = { kind: "native", dialect: "anthropic-messages", value: { type: "server_tool_use" } } as const;
    const text = writeStream([started(), { kind: "part-start", ...at(0), start: { kind: "whole", part } }, STOP, END]);
    expect(last(text)["output"]).toEqual([]);
  });

  test("an image that is but a URL is said as text; spoken words are text", () => {
    const source = { kind: "url", url: "https://example.com/i.png", mediaType: null } as const;
    const text = writeStream([
      started(),
      { kind: "part-start", ...at(0), start: { kind: "whole", part: { kind: "image", source } } },
      { kind: "part-end", ...at(0), extra: null },
      { kind: "part-start", ...at(1), start: { kind: "audio", format: "wav" } },
      { kind: "audio-delta", ...at(1), data: "AAAA", transcript: "said" },
      { kind: "part-end", ...at(1), extra: null },
      STOP,
      END,
    ]);
    expect(last(text)["output"]).toMatchObject([
      { content: [{ text: "![image](https://example.com/i.png)" }, { text: "said" }] },
    ]);
  });
});

test("parts that nobody ended are ended with the message", () => {
  const [open, delta] = textPart(0, "x");
  const text = writeStream([started(), open as NeutralEvent, delta as NeutralEvent, STOP, END]);
  expect(last(text)).toMatchObject({ status: "completed", output: [{ content: [{ text: "x" }] }] });
});

describe("what signs a call or a text", () => {
  test("is carried by an item beside it and comes back", () => {
    const signed: NeutralEvent = {
      kind: "part-start",
      ...at(1),
      start: { kind: "tool-call", id: "c", name: "f", signature: { owner: "google", data: "c" } },
    };
    const [open, delta, end] = textPart(0, "t");
    const text = writeStream([
      started(),
      open as NeutralEvent,
      delta as NeutralEvent,
      { kind: "signature", ...at(0), slot: "signature", opaque: { owner: "google", data: "t" } },
      end as NeutralEvent,
      signed,
      { kind: "part-end", ...at(1), extra: null },
      STOP,
      END,
    ]);
    const parts = read({ model: "m", input: last(text)["output"] as JsonObject[] }).messages.flatMap(
      (message) => message.parts,
    );
    expect(parts).toMatchObject([
      { kind: "text", text: "t", signature: { owner: "google", data: "t" } },
      { kind: "tool-call", id: "c", signature: { owner: "google", data: "c" } },
    ]);
  });
});

describe("OpenAI's SDK", () => {
  const EVENTS: readonly NeutralEvent[] = [
    started(),
    ...reasoningPart(0, "think ", "hard"),
    ...textPart(1, "Hel", "lo"),
    ...textPart(2, " world"),
    ...callPart(3, "one", '{"a":', "1}"),
    ...callPart(4, "two"),
    {
      kind: "part-start",
      ...at(5),
      start: { kind: "whole", part: { kind: "image", source: { kind: "data", mediaType: "image/png", data: "AAAA" } } },
    },
    { kind: "part-end", ...at(5), extra: null },
    STOP,
    { kind: "usage", usage: USAGE },
    END,
  ];

  test("puts the stream together to the response of the last event", async () => {
    const text = writeStream(EVENTS, read({ model: "m", input: "x" }));
    const running = sdk(text).responses.stream({ model: "m", input: "x" });
    const seen: string[] = [];
    running.on("event", ({ type }) => void seen.push(type));
    const final = await running.finalResponse();
    expect(seen).toEqual(eventsOf(text).map(({ type }) => String(type)));
    expect(final.output_text).toBe("Hello world");
    expect(final.output.map(({ type }) => type)).toEqual([
      "reasoning",
      "message",
      "function_call",
      "function_call",
      "image_generation_call",
    ]);
    expect(final.usage).toMatchObject({ input_tokens: 3, output_tokens: 4, total_tokens: 7 });
  });

  test("raises an error event as an APIError", async () => {
    const text = writeStream([
      started(),
      {
        kind: "error",
        error: {
          code: "rate_limited",
          status: 429,
          message: "slow down",
          param: null,
          detail: null,
          source: "provider",
          retryAfterSeconds: null,
        },
      },
    ]);
    const events = await sdk(text).responses.create({ model: "m", input: "x", stream: true });
    const iterate = async (): Promise<void> => {
      for await (const event of events) expect(event.type).toMatch(/^response\./);
    };
    expect(iterate()).rejects.toThrow("slow down");
  });

  test("accepts a whole answer's stream", async () => {
    const events: NeutralEvent[] = [];
    unfoldAnswer(fold(EVENTS).answer(), (event) => void events.push(event));
    const final = await sdk(writeStream(events)).responses.stream({ model: "m", input: "x" }).finalResponse();
    expect(final.output_text).toBe("Hello world");
  });
});

test("what is written is read as it was meant", () => {
  const events = [
    started(),
    ...reasoningPart(0, "a"),
    ...textPart(1, "b"),
    ...callPart(2, "c", "{}"),
    STOP,
    { kind: "usage", usage: USAGE } as const,
    END,
  ];
  const answer = fold(readText(writeStream(events))).answer();
  expect(answer.choices[0]?.parts).toMatchObject([
    { kind: "reasoning", text: "a", signature: { owner: "anthropic", data: "sig" } },
    { kind: "text", text: "b" },
    { kind: "tool-call", id: "c", name: "f_c", arguments: "{}" },
  ]);
  expect(answer.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
});
