import { describe, expect, test } from "bun:test";
import type { NeutralEvent, Part } from "../../../src/dialect/neutral.ts";
import { chunk, errorOf, fold, readStream, sse } from "./fixtures.ts";

function partsOf(text: string): readonly Part[] {
  return fold(readStream(text)).answer().choices[0]?.parts ?? [];
}

function call(members: object): object {
  return chunk({ tool_calls: [members] });
}

/** Calls as name and arguments. */
function callsOf(...chunks: readonly object[]): unknown[] {
  return partsOf(sse(...chunks, chunk({}, "tool_calls"), "[DONE]")).map((part) =>
    part.kind === "tool-call" ? [part.id, part.name, part.arguments] : part.kind,
  );
}

const kindsOf = (events: readonly NeutralEvent[]): string[] => events.map(({ kind }) => kind);

const RICH = sse(
  chunk({ role: "assistant", content: "" }),
  chunk({ reasoning_content: "hm ü" }),
  chunk({ content: "Hel" }),
  chunk({ content: "lo 🙂" }),
  call({ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }),
  call({ index: 0, function: { arguments: '{"x":' } }),
  call({ index: 0, function: { arguments: '"y"}' } }),
  chunk({}, "tool_calls"),
  { id: "c1", created: 7, model: "m", choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } },
  "[DONE]",
);

describe("a chat stream", () => {
  test("gives the same events wherever it is cut", () => {
    const expected = readStream(RICH);
    expect(kindsOf(expected)).toEqual([
      "message-start",
      "part-start",
      "reasoning-delta",
      "part-end",
      "part-start",
      "text-delta",
      "text-delta",
      "part-end",
      "part-start",
      "tool-call-arguments-delta",
      "tool-call-arguments-delta",
      "part-end",
      "finish",
      "usage",
      "message-end",
    ]);
    for (const size of [1, 2, 3, 7, 64]) expect(readStream(RICH, size)).toEqual(expected);
    expect(readStream(RICH.replaceAll("\n", "\r\n"), 5)).toEqual(expected);
  });

  test("ends with [DONE], or with a finish reason for every choice; else it has no end", () => {
    const finish = (index: number): object => ({ id: "c1", choices: [{ index, delta: {}, finish_reason: "stop" }] });
    const begin = (index: number): object => ({
      id: "c1",
      choices: [{ index, delta: { content: "x" }, finish_reason: null }],
    });
    const ends = (...events: readonly (object | string)[]): boolean =>
      kindsOf(readStream(sse(...events))).includes("message-end");
    expect(ends(begin(0), finish(0))).toBe(true);
    expect(ends(begin(0), finish(0)).valueOf()).toBe(true);
    expect(ends(begin(0))).toBe(false);
    expect(ends(begin(0), begin(1), finish(1))).toBe(false);
    expect(ends(begin(0), begin(1), finish(1), finish(0))).toBe(true);
    expect(ends(begin(0), "[DONE]")).toBe(true);
    expect(ends()).toBe(false);
  });

  test("that broke still tells the usage it had told", () => {
    const events = readStream(
      sse(chunk({ content: "x" }, null, { usage: { prompt_tokens: 3, completion_tokens: 1 } })),
    );
    expect(kindsOf(events)).toEqual(["message-start", "part-start", "text-delta", "usage"]);
  });

  test("finds usage wherever it hides", () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
    const streams = [
      sse(chunk({ content: "x" }), chunk({}, "stop", { usage }), "[DONE]"),
      sse(chunk({ content: "x" }), chunk({}, "stop", { x_groq: { id: "r", usage } }), "[DONE]"),
      sse(
        chunk({ content: "x" }),
        { id: "c1", choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] },
        "[DONE]",
      ),
      sse(
        chunk({ content: "x" }, null, { usage: null }),
        chunk({}, "stop"),
        { id: "c1", choices: [], usage },
        "[DONE]",
      ),
    ];
    for (const stream of streams) {
      expect(fold(readStream(stream)).answer().usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
    }
  });

  test("begins behind chunks that belong to no message, and keeps what they said", () => {
    const prefix = { id: "", model: "", created: 0, choices: [], prompt_filter_results: [{ prompt_index: 0 }] };
    const events = readStream(sse(prefix, chunk({ content: "x" }), chunk({}, "stop"), "[DONE]"));
    expect(events[0]).toMatchObject({
      kind: "message-start",
      id: "c1",
      extra: { prompt_filter_results: [{ prompt_index: 0 }] },
    });
  });

  test("ends with the provider's error", () => {
    const error = { code: 502, message: "Upstream error" };
    for (const event of [{ error }, chunk({ content: "" }, "error", { error })]) {
      const events = readStream(sse(chunk({ content: "x" }), event, chunk({ content: "y" }), "[DONE]"));
      expect(kindsOf(events)).toEqual(["message-start", "part-start", "text-delta", "error"]);
      expect(events.at(-1)).toMatchObject({
        error: { code: "upstream_error", status: 502, message: "Upstream error" },
      });
    }
    const early = readStream('event: error\ndata: {"object":"error","message":"too busy","code":503}\n\n');
    expect(early).toMatchObject([{ kind: "error", error: { code: "overloaded", status: 503 } }]);
  });

  test("with an event that is no JSON is no stream", () => {
    expect(errorOf(() => readStream("data: <html>\n\n")).code).toBe("upstream_error");
    expect(errorOf(() => readStream('data: {"id": \n\n')).code).toBe("upstream_error");
    expect(errorOf(() => readStream("data: [1]\n\n")).code).toBe("upstream_error");
  });

  test("tells several choices apart", () => {
    const piece = (index: number, content: string, finish: string | null = null): object => ({
      id: "c1",
      choices: [{ index, delta: { content }, finish_reason: finish }],
    });
    const given = fold(
      readStream(sse(piece(1, "b"), piece(0, "a"), piece(1, "B", "stop"), piece(0, "A", "length"), "[DONE]")),
    ).answer();
    expect(given.choices.map(({ index, parts, finish }) => [index, parts[0], finish?.kind])).toEqual([
      [0, { kind: "text", text: "aA" }, "length"],
      [1, { kind: "text", text: "bB" }, "stop"],
    ]);
  });
});

describe("tool calls of a stream", () => {
  const begun = (id: string, index: number | null, name: string, args = ""): object =>
    call({ ...(index === null ? {} : { index }), id, type: "function", function: { name, arguments: args } });
  const more = (index: number | null, args: string): object =>
    call({ ...(index === null ? {} : { index }), function: { arguments: args } });

  test("are put together by index, however they interleave", () => {
    expect(
      callsOf(begun("a", 0, "f"), begun("b", 1, "g"), more(1, '{"y"'), more(0, "{"), more(1, ":1}"), more(0, "}")),
    ).toEqual([
      ["a", "f", "{}"],
      ["b", "g", '{"y":1}'],
    ]);
  });

  test("are told apart where the index is missing, negative or always 0", () => {
    const expected = [
      ["a", "f", "{}"],
      ["b", "g", '{"y":1}'],
    ];
    expect(callsOf(begun("a", null, "f", "{}"), begun("b", null, "g"), more(null, '{"y":1}'))).toEqual(expected);
    expect(callsOf(begun("a", -1, "f", "{}"), begun("b", -1, "g", '{"y":1}'))).toEqual(expected);
    expect(callsOf(begun("a", 0, "f", "{}"), begun("b", 0, "g", '{"y":1}'))).toEqual(expected);
    expect(callsOf(begun("a", 0, "f", "{"), begun("a", 0, "f", "}"), begun("b", 1, "g", '{"y":1}'))).toEqual(expected);
  });

  test("may come whole, as an object, without an id, or with the name behind the id", () => {
    expect(callsOf(call({ index: 0, id: "a", function: { name: "f", arguments: { x: 1 } } }))).toEqual([
      ["a", "f", '{"x":1}'],
    ]);
    expect(callsOf(call({ index: 0, id: "a", function: { name: "f" } }))).toEqual([["a", "f", "{}"]]);
    expect(callsOf(call({ index: 0, id: "a" }), call({ index: 0, function: { name: "f", arguments: "{}" } }))).toEqual([
      ["a", "f", "{}"],
    ]);
    expect(callsOf(begun("", 0, "f", "{}"))).toEqual([[expect.stringMatching(/^call_[0-9a-f]{24}$/), "f", "{}"]]);
    expect(
      callsOf(chunk({ function_call: { name: "f", arguments: "" } }), chunk({ function_call: { arguments: "{}" } })),
    ).toEqual([[expect.stringMatching(/^call_/), "f", "{}"]]);
  });

  test("of custom tools have plain input", () => {
    const parts = partsOf(
      sse(
        call({ index: 0, id: "a", type: "custom", custom: { name: "f", input: "" } }),
        call({ index: 0, custom: { input: "SELECT" } }),
        chunk({}, "tool_calls"),
        "[DONE]",
      ),
    );
    expect(parts).toEqual([{ kind: "tool-call", id: "a", name: "f", arguments: "SELECT", isCustom: true }]);
  });

  test("end as soon as the next begins, where their arguments are whole", () => {
    const events = readStream(sse(begun("a", 0, "f", '{"x":1}'), begun("b", 1, "g")));
    expect(kindsOf(events)).toEqual([
      "message-start",
      "part-start",
      "tool-call-arguments-delta",
      "part-end",
      "part-start",
    ]);
  });

  test("carry Google's signature", () => {
    const signed = call({
      index: 0,
      id: "a",
      function: { name: "f", arguments: "{}" },
      extra_content: { google: { thought_signature: "s" } },
    });
    expect(partsOf(sse(signed, chunk({}, "stop"), "[DONE]"))).toMatchObject([
      { signature: { owner: "google", data: "s" } },
    ]);
  });
});

describe("what else a stream says", () => {
  test("is reasoning, in plain members and in details, once", () => {
    const detail = (text: string, more: object = {}): object => ({
      type: "reasoning.text",
      text,
      index: 0,
      format: "x",
      ...more,
    });
    const both = sse(
      chunk({ content: "", reasoning: "h", reasoning_details: [detail("h")] }),
      chunk({ content: "", reasoning: "m", reasoning_details: [detail("m")] }),
      chunk({ content: "", reasoning_details: [{ type: "reasoning.text", signature: "s", index: 0, format: "x" }] }),
      chunk({ content: "Hi" }),
      chunk({}, "stop"),
      "[DONE]",
    );
    expect(partsOf(both)).toMatchObject([
      { kind: "reasoning", text: "hm", signature: { owner: "openai-chat" } },
      { kind: "text", text: "Hi" },
    ]);
    const only = sse(
      chunk({ reasoning_details: [detail("h")] }),
      chunk({ reasoning_details: [detail("m")] }),
      chunk({}, "stop"),
    );
    expect(partsOf(only)).toMatchObject([{ kind: "reasoning", text: "hm" }]);
  });

  test("is a signature that comes behind the text, without cutting the text", () => {
    const late = { type: "reasoning.encrypted", data: "e", id: "rs_1", index: 1 };
    const parts = partsOf(
      sse(
        chunk({ reasoning: "hm" }),
        chunk({ content: "a" }),
        chunk({ content: "", reasoning_details: [late] }),
        chunk({ content: "b" }),
        chunk({}, "stop"),
      ),
    );
    expect(parts).toMatchObject([
      { kind: "reasoning", text: "hm" },
      { kind: "text", text: "ab" },
      { kind: "reasoning", text: "", encrypted: { owner: "openai-chat" } },
    ]);
  });

  test("is Mistral's thinking, a refusal, an image, audio", () => {
    expect(
      partsOf(
        sse(
          chunk({ content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }] }),
          chunk({ content: [{ type: "text", text: "H" }] }),
          chunk({ content: "i" }),
          chunk({}, "stop"),
        ),
      ),
    ).toMatchObject([
      { kind: "reasoning", text: "hm" },
      { kind: "text", text: "Hi" },
    ]);
    const refused = fold(
      readStream(sse(chunk({ refusal: "I " }), chunk({ refusal: "cannot" }), chunk({}, "stop"))),
    ).answer();
    expect(refused.choices[0]).toMatchObject({
      parts: [{ kind: "refusal", text: "I cannot" }],
      finish: { kind: "refusal" },
    });
    expect(
      partsOf(
        sse(
          chunk({ images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] }),
          chunk({}, "stop"),
        ),
      ),
    ).toEqual([{ kind: "image", source: { kind: "data", mediaType: "image/png", data: "AAAA" } }]);
    expect(
      partsOf(
        sse(
          chunk({ audio: { id: "audio_1", transcript: "be" } }),
          chunk({ audio: { data: "AAAA" } }),
          chunk({ audio: { transcript: "ep", data: "BBBB" } }),
          chunk({ audio: { expires_at: 9 } }),
          chunk({}, "stop"),
        ),
      ),
    ).toMatchObject([
      { kind: "audio", transcript: "beep", id: "audio_1", source: { data: "AAAABBBB" }, extra: { expires_at: 9 } },
    ]);
  });

  test("is citations, of annotations and of Perplexity's list, and log-probabilities", () => {
    const page = {
      type: "url_citation",
      url_citation: { url: "https://example.com/a", title: "A", start_index: 0, end_index: 2 },
    };
    const list = {
      citations: ["https://example.com/b"],
      search_results: [{ url: "https://example.com/b", title: "B" }],
    };
    const logprobs = {
      content: [
        { token: "Hi", logprob: -0.5, bytes: [72, 105], top_logprobs: [{ token: "Ho", logprob: -1, bytes: null }] },
      ],
    };
    const given = fold(
      readStream(
        sse(
          { id: "c1", choices: [{ index: 0, delta: { content: "Hi" }, logprobs, finish_reason: null }], ...list },
          chunk({ annotations: [page] }),
          chunk({}, "stop", list),
          "[DONE]",
        ),
      ),
    ).answer();
    expect(given.choices[0]?.parts).toMatchObject([
      {
        kind: "text",
        text: "Hi",
        citations: [
          { url: "https://example.com/a", end: 2 },
          { url: "https://example.com/b", title: "B" },
        ],
      },
    ]);
    expect(given.choices[0]?.logprobs).toEqual([
      { token: "Hi", logprob: -0.5, bytes: [72, 105], top: [{ token: "Ho", logprob: -1, bytes: null }] },
    ]);
  });

  test("behind the finish reason belongs to the answer, too", () => {
    expect(partsOf(sse(chunk({ content: "a" }), chunk({}, "stop"), chunk({ content: "b" }), "[DONE]"))).toEqual([
      { kind: "text", text: "ab" },
    ]);
  });

  test("is no choice with a number beyond all choices", () => {
    const events = readStream(
      sse({ id: "c1", choices: [{ index: 1e9, delta: { content: "x" }, finish_reason: "stop" }] }, "[DONE]"),
    );
    expect(kindsOf(events)).toEqual(["message-start", "message-end"]);
  });
});
