import { describe, expect, test } from "bun:test";
import { gemini } from "../../../src/dialect/gemini/dialect.ts";
import { GEMINI_STREAM } from "../../../src/dialect/gemini/stream-grammar.ts";
import type { NeutralEvent, Part } from "../../../src/dialect/neutral.ts";
import { GatewayError } from "../../../src/errors.ts";
import { usageOf } from "../../../src/lib/usage.ts";
import { answerContext, chunkOf, eventsOf, foldOf, sse } from "./setup.ts";

const LAST = { finishReason: "STOP" };

/** Ids made for calls without one differ from read to read. */
function partsOf(text: string, size?: number): readonly Part[] {
  const { answer } = foldOf(eventsOf(text, size));
  return answer.choices[0]?.parts.map((part) => (part.kind === "tool-call" ? { ...part, id: "made" } : part)) ?? [];
}

describe("reading a Gemini stream", () => {
  const WHOLE = [
    chunkOf([{ text: "Let me ", thought: true }]),
    chunkOf([{ text: "think 🤔.", thought: true }]),
    chunkOf([{ text: "Hello" }]),
    chunkOf([{ text: " wörld" }]),
    chunkOf([{ text: "", thoughtSignature: "c2ln" }]),
    chunkOf([
      { functionCall: { name: "f", args: { city: "Köln", n: [1] } }, thoughtSignature: "c2ln" },
      { functionCall: { name: "g" } },
    ]),
    chunkOf([{ text: "" }], { ...LAST, avgLogprobs: -0.5 }),
  ];
  const PARTS: unknown[] = [
    { kind: "reasoning", text: "Let me think 🤔." },
    { kind: "text", text: "Hello wörld", signature: { owner: "google", data: "c2ln" } },
    {
      kind: "tool-call",
      id: "made",
      name: "f",
      arguments: '{"city":"Köln","n":[1]}',
      signature: { owner: "google", data: "c2ln" },
      extra: { functionCall: { id: null } },
    },
    { kind: "tool-call", id: "made", name: "g", arguments: "{}", extra: { functionCall: { id: null, args: null } } },
  ];

  test("gives the same parts at every cut, as SSE and as a JSON array", () => {
    for (const text of [sse(...WHOLE), JSON.stringify(WHOLE), `\uFEFF\n${JSON.stringify(WHOLE, null, 2)}\r\n`]) {
      for (let size = 1; size <= 300; size++) expect(partsOf(text, size)).toEqual(PARTS as Part[]);
      expect(foldOf(eventsOf(text, 1)).isFinished).toBe(true);
    }
  });

  test("cuts a function call at every byte without losing any", () => {
    const text = sse(chunkOf([{ functionCall: { id: "x", name: "f", args: { a: "b" } } }], LAST));
    for (let at = 0; at <= text.length; at++) {
      const events: NeutralEvent[] = [];
      const reader = gemini.generate.openReader();
      reader.push(Buffer.from(text.slice(0, at)), (event) => events.push(event));
      reader.push(Buffer.from(text.slice(at)), (event) => events.push(event));
      reader.end((event) => events.push(event));
      expect(events.map(({ kind }) => kind)).toEqual([
        "message-start",
        "part-start",
        "tool-call-arguments-delta",
        "part-end",
        "finish",
        "message-end",
      ]);
    }
  });

  test("keeps the order that writers rely on", () => {
    const kinds = eventsOf(sse(...WHOLE)).map((event) => event.kind);
    expect(kinds[0]).toBe("message-start");
    expect(kinds.slice(-2)).toEqual(["finish", "message-end"]);
    const open = new Set<number>();
    for (const event of eventsOf(sse(...WHOLE))) {
      if (event.kind === "part-start") open.add(event.part);
      else if (event.kind === "part-end") expect(open.delete(event.part)).toBe(true);
      else if (event.kind === "finish") expect(open.size).toBe(0);
      else if ("part" in event) expect(open.has(event.part)).toBe(true);
    }
  });

  test("ends only when every candidate has its reason", () => {
    const two = {
      candidates: [
        { content: { parts: [{ text: "a" }] }, finishReason: "STOP", index: 0 },
        { content: { parts: [{ text: "b" }] }, index: 1 },
      ],
    };
    expect(foldOf(eventsOf(sse(two))).isFinished).toBe(false);
    const rest = { candidates: [{ finishReason: "MAX_TOKENS", index: 1 }] };
    const { answer, isFinished } = foldOf(eventsOf(sse(two, rest)));
    expect(isFinished).toBe(true);
    expect(answer.choices.map(({ finish }) => finish?.kind)).toEqual(["stop", "length"]);
  });

  test("never ends a stream that was cut, or that was empty", () => {
    expect(eventsOf(sse(...WHOLE.slice(0, 4))).at(-1)?.kind).toBe("part-end");
    expect(eventsOf("")).toEqual([]);
    expect(eventsOf("[]")).toEqual([]);
  });

  test("tells usage as it comes, also of a stream that breaks", () => {
    const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 4 };
    const events = eventsOf(sse({ ...chunkOf([{ text: "a" }]), usageMetadata }));
    expect(events.filter(({ kind }) => kind === "usage")).toHaveLength(1);
    expect(foldOf(events).answer.usage).toMatchObject({ inputTokens: 3, outputTokens: 1 });
  });

  test("keeps counts that a later chunk does not say again", () => {
    const first = { ...chunkOf([{ text: "a" }]), usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 21 } };
    const last = { ...chunkOf([{ text: "" }], LAST), usageMetadata: { promptTokenCount: 87, thoughtsTokenCount: 78 } };
    expect(foldOf(eventsOf(sse(first, last))).answer.usage).toMatchObject({ inputTokens: 87, outputTokens: 99 });
  });

  test("reads a prompt that was blocked, and an answer that was cut by a filter", () => {
    const blocked = foldOf(
      eventsOf(sse({ promptFeedback: { blockReason: "SAFETY" }, usageMetadata: { promptTokenCount: 2 } })),
    );
    expect(blocked.isFinished).toBe(true);
    expect(blocked.answer.choices[0]?.finish).toMatchObject({ kind: "content-filter", native: "SAFETY" });
    const ratings = [{ category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH", blocked: true }];
    const cut = foldOf(
      eventsOf(
        sse(chunkOf([{ text: "Some" }]), {
          candidates: [{ finishReason: "SAFETY", index: 0, safetyRatings: ratings }],
        }),
      ),
    );
    expect(cut.isFinished).toBe(true);
    expect(cut.answer.choices[0]).toMatchObject({
      parts: [{ kind: "text", text: "Some" }],
      finish: { kind: "content-filter" },
      extra: { safetyRatings: ratings },
    });
  });

  test("puts a call together whose arguments come in pieces", () => {
    const piece = (functionCall: object) => chunkOf([{ functionCall }]);
    const text = sse(
      piece({ id: "x", name: "f", willContinue: true }),
      piece({ partialArgs: [{ jsonPath: "$.city", stringValue: "Bos", willContinue: true }], willContinue: true }),
      piece({ partialArgs: [{ jsonPath: "$.city", stringValue: "ton" }], willContinue: true }),
      piece({
        partialArgs: [
          { jsonPath: "$.list[1].n", numberValue: 2 },
          { jsonPath: "$['a.b']", boolValue: true },
        ],
        willContinue: true,
      }),
      piece({
        partialArgs: [
          { jsonPath: "$.list[0]", nullValue: null },
          { jsonPath: "$.__proto__.x", stringValue: "y" },
        ],
        willContinue: true,
      }),
      piece({}),
      chunkOf([{ functionCall: { name: "g", willContinue: true } }], LAST),
    );
    const { answer, isFinished } = foldOf(eventsOf(text, 11));
    expect(isFinished).toBe(true);
    expect(answer.choices[0]?.parts).toMatchObject([
      {
        kind: "tool-call",
        id: "x",
        arguments: '{"city":"Boston","list":[null,{"n":2}],"a.b":true,"__proto__":{"x":"y"}}',
      },
      { kind: "tool-call", name: "g", arguments: "{}" },
    ]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test("refuses places in arguments that are none", () => {
    for (const jsonPath of ["$..x", "$.a[99999999]", `$${".a".repeat(500)}`]) {
      const call = { name: "f", willContinue: true, partialArgs: [{ jsonPath, stringValue: "x" }] };
      expect(() => eventsOf(sse(chunkOf([{ functionCall: call }])))).toThrow(GatewayError);
    }
  });

  test("joins speech to one base64 whatever the pieces' lengths", () => {
    const piece = (text: string) =>
      chunkOf([{ inlineData: { mimeType: "audio/L16;rate=24000", data: Buffer.from(text).toString("base64") } }]);
    const parts = partsOf(sse(piece("a"), piece("bcde"), piece("fg"), chunkOf([{ text: "" }], LAST)));
    expect(parts).toEqual([
      {
        kind: "audio",
        source: { kind: "data", mediaType: "audio/L16;rate=24000", data: Buffer.from("abcdefg").toString("base64") },
      },
    ]);
  });

  test("places citations that come with the last chunk", () => {
    const grounding = {
      groundingChunks: [{ web: { uri: "https://example.com/", title: "E" } }],
      groundingSupports: [{ segment: { startIndex: 5, endIndex: 10, text: "wörl" }, groundingChunkIndices: [0] }],
    };
    const parts = partsOf(
      sse(chunkOf([{ text: "Oh, " }]), chunkOf([{ text: " wörld" }], { ...LAST, groundingMetadata: grounding })),
    );
    expect(parts).toMatchObject([{ citations: [{ url: "https://example.com/", start: 5, end: 9 }] }]);
  });

  test("ends with an error that comes in mid-stream, in either framing", () => {
    const error = { error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } };
    const chunks = [chunkOf([{ text: "Hel" }]), error, chunkOf([{ text: "lo" }], LAST)];
    for (const text of [sse(...chunks), JSON.stringify(chunks)]) {
      const events = eventsOf(text, 9);
      expect(events.at(-1)).toMatchObject({
        kind: "error",
        error: { code: "overloaded", status: 503, source: "provider" },
      });
      expect(foldOf(events).isFinished).toBe(false);
    }
  });

  test("refuses what is no stream of this API", () => {
    expect(() => eventsOf("data: {oops\n\n")).toThrow("no JSON object");
    expect(() => eventsOf("[1]")).toThrow("no JSON object");
    expect(() => eventsOf(sse({ candidates: [{ index: 4_000_000_000 }] }))).toThrow("candidate of index");
  });
});

describe("writing a Gemini stream", () => {
  const EVENTS: NeutralEvent[] = [
    {
      kind: "message-start",
      id: "id-1",
      model: "gpt-x",
      createdAt: null,
      serviceTier: null,
      extra: { object: "chunk" },
    },
    { kind: "part-start", choice: 0, part: 0, start: { kind: "reasoning" } },
    { kind: "reasoning-delta", choice: 0, part: 0, text: "hm" },
    { kind: "signature", choice: 0, part: 0, slot: "encrypted", opaque: { owner: "openai", data: "secret" } },
    { kind: "part-end", choice: 0, part: 0, extra: null },
    { kind: "part-start", choice: 0, part: 1, start: { kind: "text" } },
    { kind: "text-delta", choice: 0, part: 1, text: 'say "x"\n' },
    { kind: "keep-alive" },
    { kind: "part-end", choice: 0, part: 1, extra: null },
    { kind: "part-start", choice: 0, part: 2, start: { kind: "tool-call", id: "c1", name: "f" } },
    { kind: "part-start", choice: 0, part: 3, start: { kind: "tool-call", id: "c2", name: "g" } },
    { kind: "tool-call-arguments-delta", choice: 0, part: 2, text: '{\n"a":' },
    { kind: "tool-call-arguments-delta", choice: 0, part: 3, text: "" },
    { kind: "tool-call-arguments-delta", choice: 0, part: 2, text: "1}" },
    { kind: "part-end", choice: 0, part: 2, extra: null },
    { kind: "part-end", choice: 0, part: 3, extra: null },
    {
      kind: "finish",
      choice: 0,
      finish: { kind: "tool-calls", native: "tool_calls", stopSequence: null },
      extra: { content_filter_results: {} },
    },
    { kind: "usage", usage: { ...usageOf({ inputTokens: 2, outputTokens: 3 }), extra: { prompt_tokens_details: {} } } },
    { kind: "message-end", extra: { x_groq: {} } },
  ];
  const rest = { modelVersion: "gpt-x", responseId: "id-1" };
  const chunk = (part: object) => ({ candidates: [{ content: { parts: [part], role: "model" }, index: 0 }], ...rest });

  function written(events: readonly NeutralEvent[], query: string): string {
    const writer = gemini.generate.openWriter(answerContext(query));
    return events.map((event) => writer.write(event)).join("");
  }

  const EXPECTED: unknown[] = [
    // The signature stands on the thought's last piece.
    chunk({ text: "hm", thought: true, thoughtSignature: expect.any(String) }),
    chunk({ text: 'say "x"\n' }),
    chunk({ functionCall: { id: "c1", name: "f", args: { a: 1 } } }),
    chunk({ functionCall: { id: "c2", name: "g", args: {} } }),
    {
      candidates: [{ content: { parts: [{ text: "" }], role: "model" }, finishReason: "STOP", index: 0 }],
      usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 3, totalTokenCount: 5 },
      ...rest,
    },
  ];

  test("makes SSE where the caller asked for it, whole calls, and everything else in the last chunk", () => {
    const text = written(EVENTS, "alt=sse");
    const events = text.split("\r\n\r\n");
    expect(events.pop()).toBe("");
    expect(events.map((event) => JSON.parse(event.replace(/^data: /, "")))).toEqual(EXPECTED);
  });

  test("makes a JSON array where it did not", () => {
    expect(JSON.parse(written(EVENTS, ""))).toEqual(EXPECTED);
    expect(gemini.generate.openWriter(answerContext("")).contentType).toStartWith("application/json");
    expect(gemini.generate.openWriter(answerContext("alt=sse")).contentType).toBe("text/event-stream");
  });

  test("holds a thought's last piece until it is known whether it is signed, but not beyond an error", () => {
    const writer = gemini.generate.openWriter(answerContext("alt=sse"));
    const at = { choice: 0, part: 0 } as const;
    writer.write({ kind: "part-start", ...at, start: { kind: "reasoning" } });
    expect(writer.write({ kind: "reasoning-delta", ...at, text: "one" })).toBe("");
    expect(writer.write({ kind: "reasoning-delta", ...at, text: "two" })).toContain('"one"');
    const error = {
      code: "overloaded",
      status: 503,
      message: "busy",
      param: null,
      detail: null,
      source: "provider",
      retryAfterSeconds: null,
    } as const;
    expect(writer.write({ kind: "error", error })).toMatch(/"two".*busy/s);
  });

  test("is read back as it was written", () => {
    const { answer } = foldOf(eventsOf(written(EVENTS, "alt=sse"), 5));
    expect(answer.choices[0]?.parts).toEqual([
      { kind: "reasoning", text: "hm", encrypted: { owner: "openai", data: "secret" } },
      { kind: "text", text: 'say "x"\n' },
      { kind: "tool-call", id: "c1", name: "f", arguments: '{"a":1}' },
      { kind: "tool-call", id: "c2", name: "g", arguments: "{}" },
    ]);
  });

  test("says an error in mid-stream, also as the first element of an array", () => {
    const error: NeutralEvent = {
      kind: "error",
      error: {
        code: "overloaded",
        status: 503,
        message: "busy",
        param: null,
        detail: null,
        source: "provider",
        retryAfterSeconds: 7,
      },
    };
    const body = {
      error: {
        code: 503,
        message: "busy",
        status: "UNAVAILABLE",
        details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "7s" }],
      },
    };
    expect(JSON.parse(written([error], ""))).toEqual([body]);
    expect(JSON.parse(written([...EVENTS.slice(0, 7), error], "")).at(-1)).toEqual(body);
    expect(written([error], "alt=sse")).toBe(`data: ${JSON.stringify(body)}\r\n\r\n`);
    expect(eventsOf(written([error], "")).at(-1)).toMatchObject({ kind: "error", error: { retryAfterSeconds: 7 } });
  });

  test("counts citations' places in all of the text", () => {
    const citation = {
      url: "https://example.com/",
      title: null,
      documentIndex: null,
      documentId: null,
      citedText: null,
      start: null,
      end: null,
      sourceStart: null,
      sourceEnd: null,
      sourceUnit: null,
      extra: null,
    };
    const text = (part: number, words: string, isCited: boolean): NeutralEvent[] => [
      { kind: "part-start", choice: 0, part, start: { kind: "text" } },
      { kind: "text-delta", choice: 0, part, text: words },
      ...(isCited ? [{ kind: "citation", choice: 0, part, citation } as const] : []),
      { kind: "part-end", choice: 0, part, extra: null },
    ];
    const finish: NeutralEvent = {
      kind: "finish",
      choice: 0,
      finish: { kind: "stop", native: null, stopSequence: null },
      extra: null,
    };
    const end: NeutralEvent = { kind: "message-end", extra: null };
    const chunks = JSON.parse(written([...text(0, "Aé. ", false), ...text(1, "Cited.", true), finish, end], ""));
    expect(chunks.at(-1).candidates[0].groundingMetadata.groundingSupports).toEqual([
      { segment: { startIndex: 5, endIndex: 11, text: "Cited." }, groundingChunkIndices: [0] },
    ]);
  });

  test("holds no more of a call's arguments than it may", () => {
    const writer = gemini.generate.openWriter(answerContext("alt=sse"));
    writer.write({ kind: "part-start", choice: 0, part: 0, start: { kind: "tool-call", id: "c", name: "f" } });
    const text = "x".repeat(1024 * 1024);
    expect(() => {
      for (let count = 0; count < 17; count++)
        writer.write({ kind: "tool-call-arguments-delta", choice: 0, part: 0, text });
    }).toThrow("tool arguments of more than");
  });
});

describe("a Gemini stream that is passed", () => {
  const error = new GatewayError("upstream_truncated", "broke");

  test("gets an error as an event of its own", () => {
    const event = String(GEMINI_STREAM.renderErrorEvent(error));
    expect(event).toMatch(/^data: \{"error":\{"code":502,"message":"broke","status":"INTERNAL".*\}\r\n\r\n$/);
    expect(eventsOf(event)).toMatchObject([{ kind: "error", error: { code: "upstream_truncated" } }]);
  });
});
