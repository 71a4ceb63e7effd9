/** A plain text that breaks off anywhere is continued by a provider of any API, and the caller reads one whole answer. */
import { describe, expect, test } from "bun:test";
import {
  type DialectId,
  type NeutralEvent,
  type NeutralMessage,
  NO_CITATION,
  type PartStart,
} from "../../src/dialect/neutral.ts";
import { CONTINUE_INSTRUCTION, MAX_RESUMED_CHARS } from "../../src/dialect/resume-text.ts";
import { GatewayError } from "../../src/errors.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { subjectOf } from "./corpus/dialects.ts";
import { judgeWritten } from "./fuzz/wire.ts";
import { requestContextOf, GENERATE_PATHS } from "./corpus/apis.ts";
import { ask, CallerSide, dialect, IDS, readStream, textEvents, textOf, textStream, wire } from "./resumed-streams.ts";

const WHOLE = "The sea is wide and old.\n\nIt takes the light of the morning, 🌊 and gives it back at night.";
const MARK = "second/m-there";

/** The comment or the member that says it. */
function countMarks(bytes: Buffer): number {
  return (
    bytes.toString("latin1").split(`llmux-resumed ${MARK}`).length -
    1 +
    bytes.toString("latin1").split(`"llmux_resumed":["${MARK}"]`).length -
    1
  );
}

function judge(from: DialectId, { bytes, stream }: CallerSide): void {
  expect(judgeWritten(from, bytes, stream.isFinished, stream.contentType)).toEqual([]);
}

/** Overlaps as models make them, given what the caller has. */
const OVERLAPS: readonly (readonly [name: string, begin: (text: string) => number])[] = [
  ["no overlap", (text) => text.length],
  ["a partial one", (text) => Math.max(0, text.length - 9)],
  ["everything", () => 0],
];

describe("a text that breaks off anywhere", () => {
  for (const from of IDS) {
    for (const first of IDS) {
      for (const second of IDS) {
        // Every pair of the two most spoken, and of every API each other as the second.
        const isSpoken = second === "openai-chat" || second === "anthropic-messages" || second === from;
        if (!isSpoken) continue;
        test(`${from} callers: begun by ${first}, continued by ${second}`, () => {
          const begun = textStream(first, WHOLE, [10, 20]);
          for (let events = 0; events < begun.length; events++) {
            for (const [name, begin] of OVERLAPS) {
              const caller = new CallerSide(ask({ from, to: first }).answer.openStream({ tracksText: true }));
              caller.feed(begun.slice(0, events));
              caller.end();
              const { stream } = caller;
              if (stream.isFinished) continue;
              const { resumable } = stream;
              if (resumable === null) {
                // Its own end had begun: nothing is left to say.
                expect([name, textOf(readStream(from, caller.bytes).answer)]).toEqual([name, WHOLE]);
                continue;
              }
              const { text } = resumable;
              expect(WHOLE.startsWith(text)).toBe(true);
              const { answer } = ask({ from, to: second, continues: text });
              const usageBefore = stream.usage?.inputTokens ?? 0;
              stream.continueWith(answer, MARK);
              caller.feed(textStream(second, WHOLE.slice(begin(text)), [30, 40]));
              caller.end();
              expect(caller.stream.isFinished).toBe(true);
              expect(caller.stream.resumable).toBeNull();
              judge(from, caller);
              const { answer: got, folder } = readStream(from, caller.bytes);
              expect([name, events, textOf(got)]).toEqual([name, events, WHOLE]);
              expect(folder.isFinished).toBe(true);
              expect(folder.error).toBeNull();
              expect(got.choices[0]?.finish?.kind).toBe("stop");
              expect(stream.usage?.inputTokens).toBe(usageBefore + 30);
              expect(got.usage?.inputTokens).toBe(usageBefore + 30);
              expect([events, countMarks(caller.bytes)]).toEqual([events, 1]);
            }
          }
        });
      }
    }
  }

  test("Gemini callers of a JSON array get their mark in the last element", () => {
    const caller = new CallerSide(
      ask({ from: "gemini", to: "gemini", query: "" }).answer.openStream({ tracksText: true }),
    );
    caller.feed(textStream("gemini", WHOLE, [10, 20]).slice(0, 3));
    const { text } = caller.stream.resumable as { text: string };
    caller.stream.continueWith(ask({ from: "gemini", to: "ollama", continues: text, query: "" }).answer, MARK);
    caller.feed(textStream("ollama", WHOLE.slice(text.length), [30, 40]));
    caller.end();
    const elements = JSON.parse(caller.bytes.toString()) as JsonObject[];
    expect(elements.at(-1)?.["llmux_resumed"]).toEqual([MARK]);
    expect(elements.filter((element) => "llmux_resumed" in element)).toHaveLength(1);
    expect(textOf(readStream("gemini", caller.bytes).answer)).toBe(WHOLE);
  });

  test("twice, it goes on twice, and both are named", () => {
    const caller = new CallerSide(
      ask({ from: "openai-chat", to: "openai-chat" }).answer.openStream({ tracksText: true }),
    );
    const { stream } = caller;
    caller.feed(textStream("openai-chat", WHOLE, [10, 20]).slice(0, 3));
    stream.end();
    const first = (stream.resumable as { text: string }).text;
    stream.continueWith(ask({ from: "openai-chat", to: "anthropic-messages" }).answer, "b/two");
    caller.feed(textStream("anthropic-messages", WHOLE.slice(first.length), [30, 40]).slice(0, 5));
    caller.end();
    const second = (stream.resumable as { text: string }).text;
    expect(second.length).toBeGreaterThan(first.length);
    stream.continueWith(ask({ from: "openai-chat", to: "gemini" }).answer, "c/three");
    caller.feed(textStream("gemini", WHOLE, [50, 60]));
    caller.end();
    judge("openai-chat", caller);
    const { answer } = readStream("openai-chat", caller.bytes);
    expect(textOf(answer)).toBe(WHOLE);
    // Anthropic tells its input at the start: it was spent, although the answer broke off.
    expect(stream.usage?.inputTokens).toBe(30 + 50);
    expect(caller.bytes.toString()).toContain(": llmux-resumed b/two, c/three\n\n");
  });

  test("a response's message is complete, whoever ended it", () => {
    for (const second of ["openai-responses", "anthropic-messages"] as const) {
      const from = "openai-responses";
      const caller = new CallerSide(ask({ from, to: from }).answer.openStream({ tracksText: true }));
      caller.feed(textStream(from, WHOLE, [10, 20]).slice(0, 6));
      caller.stream.continueWith(ask({ from, to: second }).answer, MARK);
      caller.feed(textStream(second, "And more.", [30, 40]));
      caller.end();
      const last = caller.bytes.toString().trim().split("data: ").at(-1) as string;
      const { response } = JSON.parse(last) as { response: { status: string; output: { status: string }[] } };
      expect([second, response.status, response.output.map(({ status }) => status)]).toEqual([
        second,
        "completed",
        ["completed"],
      ]);
    }
  });

  test("a second provider that only ends leaves the text as it is, and is named", () => {
    const caller = new CallerSide(ask({ from: "ollama", to: "ollama" }).answer.openStream({ tracksText: true }));
    caller.feed(textStream("ollama", WHOLE, [10, 20]).slice(0, -1));
    caller.stream.end();
    caller.stream.continueWith(ask({ from: "ollama", to: "openai-chat", continues: WHOLE }).answer, MARK);
    caller.feed(wire("openai-chat", textEvents([], 30, 1, "m2")));
    caller.end();
    expect(textOf(readStream("ollama", caller.bytes).answer)).toBe(WHOLE);
    expect(countMarks(caller.bytes)).toBe(1);
  });

  test("a name of the caller's making cannot become an event", () => {
    const caller = new CallerSide(
      ask({ from: "openai-chat", to: "openai-chat" }).answer.openStream({ tracksText: true }),
    );
    caller.feed(textStream("openai-chat", WHOLE, [10, 20]).slice(0, 2));
    caller.stream.continueWith(ask({ from: "openai-chat", to: "openai-chat" }).answer, "p/x\n\ndata: {}\r\n\u2028y");
    caller.feed(textStream("openai-chat", "Anew.", [1, 1]));
    caller.end();
    expect(caller.bytes.toString()).toContain(": llmux-resumed p/x??data: {}???y\n\n");
    judge("openai-chat", caller);
  });

  test("the end of a length limit is told as what it is, in the words of the caller's API", () => {
    for (const from of IDS) {
      const caller = new CallerSide(ask({ from, to: from }).answer.openStream({ tracksText: true }));
      caller.feed(textStream(from, WHOLE, [10, 20]).slice(0, 4));
      const second = from === "openai-chat" ? "anthropic-messages" : "openai-chat";
      caller.stream.continueWith(ask({ from, to: second }).answer, MARK);
      const events = textEvents(["And"], 1, 1, "m2").map((event): NeutralEvent =>
        event.kind === "finish" ? { ...event, finish: { kind: "length", native: null, stopSequence: null } } : event,
      );
      caller.feed(wire(second, events));
      caller.end();
      judge(from, caller);
      expect([from, readStream(from, caller.bytes).answer.choices[0]?.finish?.kind]).toEqual([from, "length"]);
    }
  });
});

const TEXT: readonly NeutralEvent[] = textEvents(["Some ", "text "], 5, 5, "m").slice(0, 5);
const CLOSE: NeutralEvent = { kind: "part-end", choice: 0, part: 0, extra: null };

function part(start: PartStart): NeutralEvent {
  return { kind: "part-start", choice: 0, part: 1, start };
}

const NOT_TEXT: readonly (readonly [name: string, events: readonly NeutralEvent[]])[] = [
  ["a tool call", [CLOSE, part({ kind: "tool-call", id: "call_1", name: "look" })]],
  ["reasoning", [CLOSE, part({ kind: "reasoning" }), { kind: "reasoning-delta", choice: 0, part: 1, text: "Hm." }]],
  ["a refusal", [CLOSE, part({ kind: "refusal" }), { kind: "text-delta", choice: 0, part: 1, text: "No." }]],
  ["audio", [CLOSE, part({ kind: "audio", format: "wav", id: "audio_1" })]],
  [
    "an image",
    [
      CLOSE,
      part({ kind: "whole", part: { kind: "image", source: { kind: "data", mediaType: "image/png", data: "" } } }),
    ],
  ],
  [
    "another choice",
    [
      { kind: "part-start", choice: 1, part: 0, start: { kind: "text" } },
      { kind: "text-delta", choice: 1, part: 0, text: "Or" },
    ],
  ],
  ["log-probabilities", [{ kind: "logprobs", choice: 0, tokens: [{ token: "a", logprob: -1, bytes: null, top: [] }] }]],
];

/** A translation whose events are given directly, whatever its provider speaks. */
function tracked(from: DialectId = "openai-chat", body: JsonObject = {}) {
  return ask({ from, to: "openai-chat", body }).answer.openStream({ tracksText: true });
}

describe("what is not plain text", () => {
  for (const [name, events] of NOT_TEXT) {
    test(`${name} of the first provider: nothing can be continued`, () => {
      const stream = tracked();
      for (const event of TEXT) stream.sink(event);
      expect(stream.resumable).toEqual({ text: "Some text " });
      for (const event of events) stream.sink(event);
      expect(stream.resumable).toBeNull();
      expect(() => stream.continueWith(ask({ from: "openai-chat", to: "openai-chat" }).answer, MARK)).toThrow(
        GatewayError,
      );
    });
  }

  test("a signature, a citation, or an end is not", () => {
    const others: readonly NeutralEvent[] = [
      { kind: "citation", choice: 0, part: 0, citation: NO_CITATION },
      { kind: "signature", choice: 0, part: 0, slot: "signature", opaque: { owner: "google", data: "x" } },
      { kind: "finish", choice: 0, finish: { kind: "stop", native: "stop", stopSequence: null }, extra: null },
    ];
    for (const other of others) {
      const stream = tracked();
      for (const event of TEXT) stream.sink(event);
      stream.sink(other);
      expect(stream.resumable).toBeNull();
    }
  });

  for (const [name, body] of [
    [
      "a JSON schema",
      { response_format: { type: "json_schema", json_schema: { name: "a", schema: { type: "object" } } } },
    ],
    ["JSON", { response_format: { type: "json_object" } }],
    ["several answers", { n: 2 }],
    ["log-probabilities", { logprobs: true }],
    ["sound", { modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } }],
  ] as const) {
    test(`a request for ${name} is never continued`, () => {
      const stream = tracked("openai-chat", body as unknown as JsonObject);
      for (const event of TEXT) stream.sink(event);
      expect(stream.resumable).toBeNull();
    });
  }

  test("a bare prompt is never continued: no model can be told what it said before", () => {
    for (const [from, path] of [
      ["openai-chat", "/v1/completions"],
      ["ollama", "/api/generate"],
    ] as const) {
      const body = { model: "m", prompt: "Sea:", stream: true };
      const { answer } = ask({ from, to: "openai-chat", path, body, isWhole: true });
      const stream = answer.openStream({ tracksText: true });
      for (const event of TEXT) stream.sink(event);
      expect([path, stream.resumable]).toEqual([path, null]);
    }
  });

  test("a stream that nobody tracks is never continued", () => {
    const stream = ask({ from: "openai-chat", to: "openai-chat" }).answer.openStream();
    for (const event of TEXT) stream.sink(event);
    expect(stream.resumable).toBeNull();
  });

  test("a text that is too long to be kept is not kept", () => {
    const stream = tracked();
    for (const event of TEXT) stream.sink(event);
    stream.sink({ kind: "text-delta", choice: 0, part: 0, text: "x".repeat(MAX_RESUMED_CHARS - 10) });
    expect(stream.resumable?.text.length).toBe(MAX_RESUMED_CHARS);
    stream.sink({ kind: "text-delta", choice: 0, part: 0, text: "x" });
    expect(stream.resumable).toBeNull();
  });

  for (const second of ["openai-chat", "anthropic-messages"] as const) {
    const unwritten = ["audio", "an image", "another choice", "log-probabilities", "a refusal"];
    for (const [name, events] of NOT_TEXT) {
      // Only what that API's streams can say.
      if (second === "anthropic-messages" && unwritten.includes(name)) continue;
      const [start] = TEXT;
      const bytes = wire(second, [start as NeutralEvent, ...events.filter(({ kind }) => kind !== "part-end")]);

      test(`${name} of the second (${second}) before any text: it fails, and a third may go on`, () => {
        const stream = tracked();
        for (const event of TEXT) stream.sink(event);
        stream.continueWith(ask({ from: "openai-chat", to: second }).answer, MARK);
        expect(() => bytes.forEach((piece) => stream.push(piece))).toThrow("cannot be joined");
        expect(stream.resumable).toEqual({ text: "Some text " });
        const caller = new CallerSide(stream);
        stream.continueWith(ask({ from: "openai-chat", to: "ollama" }).answer, "third/m");
        caller.feed(textStream("ollama", "and more", [1, 2]));
        caller.end();
        expect(textOf(readStream("openai-chat", caller.bytes).answer)).toBe("Some text and more");
        expect(caller.bytes.toString()).toContain(": llmux-resumed third/m\n\n");
      });

      test(`${name} of the second (${second}) behind text: it fails for good, and says who wrote it`, () => {
        const stream = tracked();
        for (const event of TEXT) stream.sink(event);
        stream.continueWith(ask({ from: "openai-chat", to: second }).answer, MARK);
        const mixed = [
          ...TEXT.slice(0, 3),
          { kind: "text-delta", choice: 0, part: 0, text: "and more" } as const,
          ...events,
        ];
        expect(() => wire(second, mixed).forEach((piece) => stream.push(piece))).toThrow("cannot be joined");
        expect(stream.resumable).toBeNull();
        const caller = new CallerSide(stream);
        stream.fail(failure());
        caller.take();
        const text = caller.bytes.toString();
        expect(text).toContain(`: llmux-resumed ${MARK}\n\ndata: {"error"`);
        expect(text).not.toContain("[DONE]");
        expect(textOf(readStream("openai-chat", caller.bytes).answer)).toBe("Some text and more");
      });
    }
  }

  test("reasoning without a word is left out", () => {
    const stream = tracked();
    for (const event of TEXT) stream.sink(event);
    stream.continueWith(ask({ from: "openai-chat", to: "anthropic-messages" }).answer, MARK);
    const [start, , , ...rest] = textEvents(["and more"], 1, 1, "m2");
    const silent: NeutralEvent[] = [
      start as NeutralEvent,
      { kind: "part-start", choice: 0, part: 0, start: { kind: "reasoning" } },
      { kind: "signature", choice: 0, part: 0, slot: "encrypted", opaque: { owner: "anthropic", data: "c2VjcmV0" } },
      { kind: "part-end", choice: 0, part: 0, extra: null },
      { kind: "part-start", choice: 0, part: 1, start: { kind: "text" } },
      ...rest.map((event) => ("part" in event ? { ...event, part: 1 } : event)),
    ];
    const caller = new CallerSide(stream);
    caller.feed(wire("anthropic-messages", silent));
    caller.end();
    expect(textOf(readStream("openai-chat", caller.bytes).answer)).toBe("Some text and more");
    expect(caller.bytes.toString()).not.toContain("c2VjcmV0");
  });
});

function failure() {
  return {
    code: "upstream_truncated",
    status: 502,
    message: "It broke.",
    param: null,
    detail: null,
    source: "gateway",
    retryAfterSeconds: null,
  } as const;
}

describe("an error in mid-stream", () => {
  const EVENT = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n';

  test("is withheld while another provider may go on, and told when none does", () => {
    for (const from of IDS) {
      const caller = new CallerSide(ask({ from, to: "anthropic-messages" }).answer.openStream({ tracksText: true }));
      const { stream } = caller;
      caller.feed(textStream("anthropic-messages", WHOLE, [10, 20]).slice(0, 4));
      caller.feed([Buffer.from(EVENT)]);
      expect(stream.isErrorWithheld).toBe(true);
      expect(stream.error?.message).toBe("Overloaded");
      expect(caller.bytes.toString("latin1")).not.toContain("Overloaded");
      stream.fail(failure());
      caller.take();
      expect(stream.isErrorWithheld).toBe(false);
      // The provider's own word, not ours.
      expect(caller.bytes.toString("latin1")).toContain("Overloaded");
      expect(readStream(from, caller.bytes).folder.error?.message).toContain("Overloaded");
    }
  });

  test("of a stream that cannot be continued is told at once", () => {
    const caller = new CallerSide(ask({ from: "openai-chat", to: "anthropic-messages" }).answer.openStream());
    caller.feed(textStream("anthropic-messages", WHOLE, [10, 20]).slice(0, 4));
    caller.feed([Buffer.from(EVENT)]);
    expect(caller.stream.isErrorWithheld).toBe(false);
    expect(caller.bytes.toString()).toContain("Overloaded");
  });

  test("names in every API who had gone on, and lets its clients read the error", () => {
    for (const from of IDS) {
      const caller = new CallerSide(ask({ from, to: "openai-chat" }).answer.openStream({ tracksText: true }));
      caller.feed(textStream("openai-chat", WHOLE, [10, 20]).slice(0, 3));
      const { text } = caller.stream.resumable as { text: string };
      caller.stream.continueWith(ask({ from, to: "openai-chat" }).answer, MARK);
      caller.feed(textStream("openai-chat", WHOLE.slice(text.length), [10, 20]).slice(0, 3));
      caller.stream.fail(failure());
      caller.take();
      expect([from, countMarks(caller.bytes)]).toEqual([from, 1]);
      expect([from, readStream(from, caller.bytes).folder.error?.message]).toEqual([from, "It broke."]);
      judge(from, caller);
    }
  });
});

describe("the request that goes on", () => {
  const parseBack = (to: DialectId, body: JsonObject) =>
    dialect(to).generate.readRequest(body, requestContextOf(dialect(to), GENERATE_PATHS[to]("m", true), body));
  const wordsOf = ({ parts }: NeutralMessage) =>
    parts.map((part) => (part.kind === "text" ? part.text : part.kind)).join("");

  for (const from of IDS) {
    for (const to of IDS) {
      test(`of ${from} callers says to ${to} what was said, and to go on`, () => {
        const { body } = ask({ from, to, continues: "The sea is wi" });
        const { messages } = parseBack(to, JSON.parse(JSON.stringify(body)) as JsonObject);
        expect(messages.map((message) => [message.role, wordsOf(message)])).toEqual([
          ["user", "Tell me of the sea."],
          ["assistant", "The sea is wi"],
          ["user", CONTINUE_INSTRUCTION],
        ]);
      });
    }
  }

  const asked = (body: JsonObject, continues: string) =>
    ask({ from: "anthropic-messages", to: "anthropic-messages", body, continues }).body;

  test("has what is left of the caller's limit, by an estimate", () => {
    expect(asked({ max_tokens: 1_000 }, "x".repeat(400))["max_tokens"]).toBe(900);
    expect(asked({ max_tokens: 1_000 }, "界".repeat(400))["max_tokens"]).toBe(700);
    expect(asked({ max_tokens: 1_000 }, "x".repeat(100_000))["max_tokens"]).toBe(16);
    expect(asked({ max_tokens: 7 }, "x".repeat(100_000))["max_tokens"]).toBe(7);
    expect(ask({ from: "ollama", to: "openai-chat", continues: "x" }).body["max_completion_tokens"]).toBeUndefined();
  });

  test("is the first one where nothing was said", () => {
    for (const nothing of ["", " \n", "\ud83d"]) {
      expect(asked({}, nothing)).toEqual(ask({ from: "anthropic-messages", to: "anthropic-messages" }).body);
    }
  });

  test("does not send half a character", () => {
    expect(JSON.stringify(asked({}, "Sea \ud83c"))).toContain('"Sea "');
  });

  test("joins what the caller had begun itself", () => {
    const messages = [
      { role: "user", content: "Count." },
      { role: "assistant", content: "One, " },
    ];
    const { body } = ask({ from: "openai-chat", to: "openai-chat", body: { messages }, continues: "two" });
    expect((body["messages"] as JsonObject[]).map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(JSON.stringify((body["messages"] as JsonObject[])[1])).toContain("two");
  });
});

describe("a caller of a provider's own API", () => {
  for (const id of IDS) {
    test(`reads the same stream, translated or not: ${id}`, () => {
      const pieces = textStream(id, WHOLE, [10, 20]);
      const caller = new CallerSide(ask({ from: id, to: id }).answer.openStream({ tracksText: true }));
      caller.feed(pieces);
      caller.end();
      expect(caller.stream.isFinished).toBe(true);
      judge(id, caller);
      const direct = readStream(id, Buffer.concat(pieces)).answer;
      const { answer } = readStream(id, caller.bytes);
      expect({ ...answer, extra: null, createdAt: null }).toEqual({ ...direct, extra: null, createdAt: null });
      expect(subjectOf(id).dialect.id).toBe(id);
    });
  }
});
