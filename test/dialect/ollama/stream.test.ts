import { describe, expect, test } from "bun:test";
import { AnswerFolder, unfoldAnswer } from "../../../src/dialect/fold.ts";
import type { NeutralAnswer, NeutralEvent } from "../../../src/dialect/neutral.ts";
import { ollama } from "../../../src/dialect/ollama/dialect.ts";
import { usageOf } from "../../../src/lib/usage.ts";
import { linesOf, ndjson, readStream, writeStream } from "./fixtures.ts";

const head = { model: "qwen3", created_at: "2025-10-26T17:21:21.196249Z" };
const message = (some: object) => ({ ...head, message: { role: "assistant", ...some }, done: false });
const LAST = {
  ...head,
  message: { role: "assistant", content: "" },
  done: true,
  done_reason: "stop",
  total_duration: 5_645_304_708,
  prompt_eval_count: 307,
  eval_count: 308,
};
const WHOLE = ndjson(
  message({ content: "", thinking: "Hm" }),
  message({ content: "", thinking: "." }),
  message({ content: "Grüße " }),
  message({ content: "😀" }),
  message({ content: "", tool_calls: [{ id: "c1", function: { index: 0, name: "look", arguments: { a: 1 } } }] }),
  LAST,
);

function fold(events: readonly NeutralEvent[]): NeutralAnswer {
  const folder = new AnswerFolder("ollama");
  for (const event of events) folder.push(event);
  return folder.answer();
}

describe("a stream of Ollama's", () => {
  test("is read with its thinking, text, calls and counts", () => {
    const answer = fold(readStream(WHOLE));
    expect(answer).toMatchObject({ model: "qwen3", createdAt: 1_761_499_281 });
    expect(answer.choices[0]?.parts).toEqual([
      { kind: "reasoning", text: "Hm." },
      { kind: "text", text: "Grüße 😀" },
      { kind: "tool-call", id: "c1", name: "look", arguments: '{"a":1}' },
    ]);
    expect(answer.choices[0]?.finish).toEqual({ kind: "tool-calls", native: "stop", stopSequence: null });
    expect(answer.usage).toMatchObject({
      inputTokens: 307,
      outputTokens: 308,
      extra: { total_duration: 5_645_304_708 },
    });
  });

  test("is the same in any cut", () => {
    const whole = readStream(WHOLE);
    for (const step of [1, 2, 3, 7, 64]) expect(readStream(WHOLE, step)).toEqual(whole);
  });

  test("is written back as it was, but for the time of each line", () => {
    const timeless = (lines: readonly object[]) => lines.map((line) => ({ ...line, created_at: "" }));
    expect(timeless(linesOf(writeStream(readStream(WHOLE))))).toEqual(timeless(linesOf(WHOLE)));
  });

  test("gives every call an id of its own where it has none", () => {
    const call = { function: { name: "look", arguments: {} } };
    const events = readStream(ndjson(message({ content: "", tool_calls: [call, call] }), LAST));
    const ids = events.flatMap((event) =>
      event.kind === "part-start" && event.start.kind === "tool-call" ? [event.start.id] : [],
    );
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^call_[0-9a-f]{24}$/);
  });

  test("of /api/generate is read by the same reader", () => {
    const answer = fold(
      readStream(
        ndjson(
          { ...head, response: "", thinking: "Hm.", done: false },
          { ...head, response: "Hi", done: false },
          { ...head, response: "", done: true, done_reason: "length", context: [1, 2], eval_count: 3 },
        ),
      ),
    );
    expect(answer.choices[0]?.parts).toEqual([
      { kind: "reasoning", text: "Hm." },
      { kind: "text", text: "Hi" },
    ]);
    expect(answer.choices[0]?.finish?.kind).toBe("length");
    expect(answer.extra).toEqual({ context: [1, 2] });
  });

  test("breaks off with an error, after which nothing comes", () => {
    const events = readStream(ndjson(message({ content: "Hi" }), { error: "it broke" }, LAST));
    expect(events.at(-1)).toMatchObject({ kind: "error", error: { code: "upstream_error", message: "it broke" } });
    expect(events.map(({ kind }) => kind)).not.toContain("finish");
  });

  test("tells of its end only when that was seen", () => {
    const cut = WHOLE.slice(
      0,
      WHOLE.indexOf(
        '{"model":"qwen3","created_at":"2025-10-26T17:21:21.196249Z","message":{"role":"assistant","content":""},"done":true',
      ),
    );
    expect(readStream(cut).map(({ kind }) => kind)).not.toContain("message-end");
    expect(readStream(WHOLE).at(-1)?.kind).toBe("message-end");
  });

  test("skips what is no JSON", () => {
    expect(readStream("nonsense\n[]\n{}\n")).toEqual([]);
  });

  test("says log-probabilities beside its text", () => {
    const logprobs = [{ token: "Hi", logprob: -0.5, bytes: [72, 105], top_logprobs: [{ token: "Ho", logprob: -2 }] }];
    const text = ndjson({ ...message({ content: "Hi" }), logprobs }, LAST);
    expect(readStream(text)).toContainEqual({
      kind: "logprobs",
      choice: 0,
      tokens: [{ token: "Hi", logprob: -0.5, bytes: [72, 105], top: [{ token: "Ho", logprob: -2, bytes: null }] }],
    });
    // They come after the text they stand on, so they go out with the next one, or before the last line.
    const written = linesOf(writeStream(readStream(text)));
    expect(written.flatMap((line) => line["logprobs"] ?? [])).toEqual(logprobs);
  });

  test("has its usage on its last line for who only looks", () => {
    expect(ollama.readUsage(JSON.stringify(LAST))).toMatchObject({ inputTokens: 307, outputTokens: 308 });
    expect(ollama.readUsage(JSON.stringify(message({ content: "Hi" })))).toBeNull();
    expect(ollama.readUsage("nonsense")).toBeNull();
  });
});

describe("a stream for a caller of Ollama's", () => {
  const answer: NeutralAnswer = {
    dialect: "anthropic-messages",
    id: "msg_1",
    model: "claude",
    createdAt: null,
    choices: [
      {
        index: 0,
        parts: [
          { kind: "text", text: "Hi" },
          { kind: "tool-call", id: "toolu_1", name: "look", arguments: "" },
          { kind: "tool-call", id: "toolu_2", name: "look", arguments: "not JSON" },
        ],
        finish: { kind: "tool-calls", native: "tool_use", stopSequence: null },
        logprobs: null,
        extra: null,
      },
    ],
    usage: { ...usageOf({ inputTokens: 3, outputTokens: 4 }), extra: { total_duration_guess: 1 } },
    serviceTier: null,
    extra: { context: [1] },
  };

  test("has lines of Ollama's, calls whole, and no times that nobody measured", () => {
    const events: NeutralEvent[] = [];
    unfoldAnswer(answer, (event) => events.push(event));
    const created_at = "2023-11-14T22:13:20.000Z";
    const line = (some: object, done = false) => ({ model: "claude", created_at, ...some, done });
    expect(linesOf(writeStream(events))).toEqual([
      line({ message: { role: "assistant", content: "Hi" } }),
      line({
        message: {
          role: "assistant",
          content: "",
          tool_calls: [{ id: "toolu_1", function: { index: 0, name: "look", arguments: {} } }],
        },
      }),
      line({
        message: {
          role: "assistant",
          content: "",
          tool_calls: [{ id: "toolu_2", function: { index: 1, name: "look", arguments: { input: "not JSON" } } }],
        },
      }),
      line(
        {
          message: { role: "assistant", content: "" },
          done_reason: "stop",
          prompt_eval_count: 3,
          eval_count: 4,
        },
        true,
      ),
    ]);
    const generated = linesOf(writeStream(events, "ollama.generate"));
    expect(generated[0]).toEqual({ ...line({ response: "Hi" }) });
    expect(generated.at(-1)).toMatchObject({ response: "", done: true });
    expect(generated).toHaveLength(2);
  });

  test("never says of a broken answer that it stopped", () => {
    for (const [kind, reason] of [
      ["error", "error"],
      ["content-filter", "content_filter"],
      ["context-window", "length"],
      ["refusal", "stop"],
    ] as const) {
      const events: NeutralEvent[] = [
        { kind: "finish", choice: 0, finish: { kind, native: "odd", stopSequence: null }, extra: null },
        { kind: "message-end", extra: null },
      ];
      expect(linesOf(writeStream(events))[0]).toMatchObject({ done: true, done_reason: reason });
    }
  });

  test("tells of an error as the real API does", () => {
    const error = {
      code: "overloaded",
      status: 503,
      message: "busy",
      param: null,
      detail: null,
      source: "gateway",
      retryAfterSeconds: null,
    } as const;
    expect(linesOf(writeStream([{ kind: "error", error }]))).toEqual([{ error: "busy", source: "gateway" }]);
    const grammar = ollama.endpoints[0]?.grammar;
    expect(grammar).toMatchObject({ finishKey: "done", usageKey: "", framing: "ndjson" });
  });

  test("refuses calls that never end", () => {
    const writer = ollama.generate.openWriter({
      endpoint: ollama.endpoints[0] as (typeof ollama.endpoints)[number],
      model: "m",
      requestId: "r",
      createdAt: 1,
      wantsStreamUsage: true,
      query: new URLSearchParams(),
      request: null,
    });
    writer.write({ kind: "part-start", choice: 0, part: 0, start: { kind: "tool-call", id: "c", name: "n" } });
    const text = "x".repeat(1024 * 1024);
    const push = () => writer.write({ kind: "tool-call-arguments-delta", choice: 0, part: 0, text });
    for (let count = 0; count < 4; count++) push();
    expect(push).toThrow("longer than");
  });
});
