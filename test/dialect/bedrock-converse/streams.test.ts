import { describe, expect, test } from "bun:test";
import { CONVERSE_STREAM, INVOKE_STREAM } from "../../../src/dialect/bedrock-converse/stream-grammar.ts";
import type { NeutralEvent } from "../../../src/dialect/neutral.ts";
import { GatewayError } from "../../../src/errors.ts";
import { usageOf } from "../../../src/lib/usage.ts";
import { StreamTap } from "../../../src/relay/stream-tap.ts";
import { delta, END, eventsOf, fold, message, rawMessage, START, stop, USAGE, written } from "./fixtures.ts";

const TEXT = [START, delta(0, { text: "Hel" }), delta(0, { text: "lo" }), stop(0), ...END];
const TOOL = [
  START,
  message("contentBlockStart", { contentBlockIndex: 0, start: { toolUse: { toolUseId: "t1", name: "weather" } } }),
  delta(0, { toolUse: { input: '{"ci' } }),
  delta(0, { toolUse: { input: 'ty":"Bonn"}' } }),
  stop(0),
  message("messageStop", { stopReason: "tool_use" }),
  message("metadata", { usage: USAGE, metrics: { latencyMs: 1 } }),
];

function kinds(events: readonly NeutralEvent[]): string[] {
  return events.map(({ kind }) => kind);
}

describe("reading a ConverseStream", () => {
  test("gives parts, finish, usage and end in order", () => {
    expect(kinds(eventsOf(TEXT))).toEqual([
      "message-start",
      "part-start",
      "text-delta",
      "text-delta",
      "part-end",
      "finish",
      "usage",
      "message-end",
    ]);
    const folder = fold(eventsOf(TEXT));
    expect(folder.isFinished).toBe(true);
    expect(folder.answer()).toMatchObject({
      choices: [{ parts: [{ kind: "text", text: "Hello" }], finish: { kind: "stop" } }],
      usage: { inputTokens: 3, outputTokens: 5 },
      extra: { metrics: { latencyMs: 12 } },
    });
  });

  test("is the same cut at every byte", () => {
    for (const stream of [Buffer.concat(TEXT), Buffer.concat(TOOL)]) {
      const whole = fold(eventsOf([stream])).answer();
      for (let cut = 1; cut < stream.length; cut++) {
        expect(fold(eventsOf([stream.subarray(0, cut), stream.subarray(cut)])).answer()).toEqual(whole);
      }
      expect(fold(eventsOf([...stream].map((byte) => Uint8Array.of(byte)))).answer()).toEqual(whole);
    }
  });

  test("ends only where the provider's own end was seen, and every byte of it", () => {
    const bytes = Buffer.concat(TEXT);
    const metadataAt = bytes.length - (END[1]?.length ?? 0);
    for (let length = 0; length < bytes.length; length++) {
      const isFinished = fold(eventsOf([bytes.subarray(0, length)])).isFinished;
      expect(`${length}: ${isFinished}`).toBe(`${length}: ${length === metadataAt}`);
    }
  });

  test("takes the metadata before the stop, and a stream without a start", () => {
    const [messageStop, metadata] = END as [Uint8Array, Uint8Array];
    const events = eventsOf([delta(0, { text: "x" }), stop(0), metadata, messageStop]);
    expect(kinds(events)).toEqual([
      "message-start",
      "part-start",
      "text-delta",
      "part-end",
      "finish",
      "usage",
      "message-end",
    ]);
  });

  test("closes what is open before the finish, and parts a block that changes its kind", () => {
    const events = eventsOf([
      START,
      delta(0, { reasoningContent: { text: "Hm" } }),
      delta(0, { reasoningContent: { signature: "c2ln" } }),
      delta(0, { text: "So" }),
      ...END,
    ]);
    expect(fold(events).answer().choices[0]?.parts).toEqual([
      { kind: "reasoning", text: "Hm", signature: { owner: "anthropic", data: "c2ln" } },
      { kind: "text", text: "So" },
    ]);
    expect(kinds(events).indexOf("finish")).toBe(kinds(events).lastIndexOf("part-end") + 1);
  });

  test("collects the tools that Bedrock runs, their results and pictures into whole parts", () => {
    const events = eventsOf([
      START,
      message("contentBlockStart", {
        contentBlockIndex: 0,
        start: { toolUse: { toolUseId: "s", name: "nova_code_interpreter", type: "server_tool_use" } },
      }),
      delta(0, { toolUse: { input: '{"snippet":' } }),
      delta(0, { toolUse: { input: '"1"}' } }),
      stop(0),
      message("contentBlockStart", {
        contentBlockIndex: 1,
        start: { toolResult: { toolUseId: "s", status: "success", type: "nova_code_interpreter_result" } },
      }),
      delta(1, { toolResult: [{ json: { stdOut: "1" } }] }),
      stop(1),
      message("contentBlockStart", { contentBlockIndex: 2, start: { image: { format: "png" } } }),
      delta(2, { image: { source: { bytes: "iVBORw0KGgo=" } } }),
      stop(2),
      delta(3, { text: "one" }),
      delta(3, { citation: { title: "t", location: { web: { url: "https://example.com" } } } }),
      stop(3),
      ...END,
    ]);
    const { parts } = fold(events).answer().choices[0] ?? {};
    expect(parts).toMatchObject([
      {
        kind: "native",
        value: { toolUse: { toolUseId: "s", input: { snippet: "1" }, type: "server_tool_use" } },
      },
      { kind: "native", value: { toolResult: { toolUseId: "s", content: [{ json: { stdOut: "1" } }] } } },
      { kind: "image", source: { kind: "data", mediaType: "image/png" } },
      { kind: "text", text: "one", citations: [{ url: "https://example.com", title: "t" }] },
    ]);
    const again = written(events, "bedrock-converse");
    expect(again.map(([name]) => name)).toEqual([
      "messageStart",
      ...["contentBlockStart", "contentBlockDelta", "contentBlockStop"],
      ...["contentBlockStart", "contentBlockDelta", "contentBlockStop"],
      ...["contentBlockStart", "contentBlockDelta", "contentBlockStop"],
      ...["contentBlockDelta", "contentBlockDelta", "contentBlockStop"],
      "messageStop",
      "metadata",
    ]);
    const bytes = again.map(([name, payload]) => message(name, payload));
    expect(fold(eventsOf(bytes)).answer()).toEqual(fold(events).answer());
  });

  test("each exception in mid-stream is the error it is", () => {
    const cases = [
      ["throttlingException", "rate_limited", 429],
      ["modelStreamErrorException", "upstream_error", 424],
      ["internalServerException", "upstream_error", 500],
      ["serviceUnavailableException", "overloaded", 503],
      ["validationException", "invalid_request", 400],
    ] as const;
    for (const [name, code, status] of cases) {
      const broken = [START, delta(0, { text: "Hel" }), message(name, { message: "Sorry" }, "exception"), ...END];
      const folder = fold(eventsOf(broken));
      expect(folder.error).toMatchObject({ code, status, message: "Sorry", source: "provider", detail: name });
      expect(folder.isFinished).toBe(false);
    }
  });

  test("a broken checksum, and a payload that is no JSON, are errors", () => {
    const bytes = Buffer.concat(TEXT);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(() => eventsOf([bytes])).toThrow("checksum");
    expect(() => eventsOf([rawMessage("contentBlockDelta", "no json")])).toThrow("JSON objects");
  });
});

describe("writing a ConverseStream", () => {
  const start: NeutralEvent = {
    kind: "message-start",
    id: "msg_1",
    model: "m",
    createdAt: 1,
    serviceTier: null,
    extra: { foreign: true },
  };
  const finish = (kind: "stop" | "tool-calls"): NeutralEvent => ({
    kind: "finish",
    choice: 0,
    finish: { kind, native: null, stopSequence: null },
    extra: null,
  });
  const end: NeutralEvent = { kind: "message-end", extra: { foreign: true } };
  const usage: NeutralEvent = {
    kind: "usage",
    usage: { ...usageOf({ inputTokens: 10, outputTokens: 4, cachedTokens: 6 }), extra: null },
  };

  test("interleaved parts follow each other, with usage behind the stop", () => {
    const open = (part: number, id: string): NeutralEvent => ({
      kind: "part-start",
      choice: 0,
      part,
      start: { kind: "tool-call", id, name: "f" },
    });
    const argument = (part: number, text: string): NeutralEvent => ({
      kind: "tool-call-arguments-delta",
      choice: 0,
      part,
      text,
    });
    const close = (part: number): NeutralEvent => ({ kind: "part-end", choice: 0, part, extra: null });
    const out = written([
      start,
      usage,
      open(0, "a"),
      argument(0, "{"),
      open(1, "b"),
      argument(1, '{"x":'),
      argument(0, "}"),
      argument(1, "1}"),
      close(0),
      close(1),
      finish("tool-calls"),
      end,
    ]);
    expect(out).toEqual([
      ["messageStart", { role: "assistant" }],
      ["contentBlockStart", { start: { toolUse: { toolUseId: "a", name: "f" } }, contentBlockIndex: 0 }],
      ["contentBlockDelta", { delta: { toolUse: { input: "{" } }, contentBlockIndex: 0 }],
      ["contentBlockDelta", { delta: { toolUse: { input: "}" } }, contentBlockIndex: 0 }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      ["contentBlockStart", { start: { toolUse: { toolUseId: "b", name: "f" } }, contentBlockIndex: 1 }],
      ["contentBlockDelta", { delta: { toolUse: { input: '{"x":' } }, contentBlockIndex: 1 }],
      ["contentBlockDelta", { delta: { toolUse: { input: "1}" } }, contentBlockIndex: 1 }],
      ["contentBlockStop", { contentBlockIndex: 1 }],
      ["messageStop", { stopReason: "tool_use" }],
      ["metadata", { usage: { inputTokens: 4, outputTokens: 4, totalTokens: 14, cacheReadInputTokens: 6 } }],
    ]);
  });

  test("reasoning has its text, then its proof; without words it is redacted", () => {
    const reasoning = (part: number, text: string, slot: "signature" | "encrypted"): NeutralEvent[] => [
      { kind: "part-start", choice: 0, part, start: { kind: "reasoning" } },
      ...(text === "" ? [] : [{ kind: "reasoning-delta", choice: 0, part, text } as const]),
      { kind: "signature", choice: 0, part, slot, opaque: { owner: "anthropic", data: "EtkE" } },
      { kind: "part-end", choice: 0, part, extra: null },
    ];
    const out = written([
      start,
      ...reasoning(0, "Hm", "signature"),
      ...reasoning(1, "", "encrypted"),
      finish("stop"),
      end,
    ]);
    expect(out.slice(1, 6)).toEqual([
      ["contentBlockDelta", { delta: { reasoningContent: { text: "Hm" } }, contentBlockIndex: 0 }],
      ["contentBlockDelta", { delta: { reasoningContent: { signature: "EtkE" } }, contentBlockIndex: 0 }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      [
        "contentBlockDelta",
        {
          delta: { reasoningContent: { redactedContent: Buffer.from("EtkE").toString("base64") } },
          contentBlockIndex: 1,
        },
      ],
      ["contentBlockStop", { contentBlockIndex: 1 }],
    ]);
  });

  test("signatures of Gemini travel in blocks of their own", () => {
    const opaque = { owner: "google", data: "Cu0B" } as const;
    const out = written([
      start,
      { kind: "part-start", choice: 0, part: 0, start: { kind: "text" } },
      { kind: "text-delta", choice: 0, part: 0, text: "x" },
      { kind: "signature", choice: 0, part: 0, slot: "signature", opaque },
      { kind: "part-end", choice: 0, part: 0, extra: null },
      { kind: "part-start", choice: 0, part: 1, start: { kind: "tool-call", id: "a", name: "f", signature: opaque } },
      { kind: "part-end", choice: 0, part: 1, extra: null },
      finish("tool-calls"),
      end,
    ]);
    const bytes = out.map(([name, payload]) => message(name, payload));
    expect(fold(eventsOf(bytes)).answer().choices[0]?.parts).toEqual([
      { kind: "text", text: "x" },
      { kind: "reasoning", text: "", signature: opaque },
      { kind: "reasoning", text: "", encrypted: opaque },
      { kind: "tool-call", id: "a", name: "f", arguments: "{}" },
    ]);
  });

  test("a part without words is told apart all the same, and an answer without a finish has a stop", () => {
    const out = written([
      start,
      { kind: "part-start", choice: 0, part: 0, start: { kind: "text" } },
      { kind: "part-end", choice: 0, part: 0, extra: null },
      end,
    ]);
    expect(out.slice(1)).toEqual([
      ["contentBlockDelta", { delta: { text: "" }, contentBlockIndex: 0 }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      ["messageStop", { stopReason: "end_turn" }],
    ]);
  });

  test("an error is an exception of its class", () => {
    const nameOf = (code: "rate_limited" | "overloaded" | "internal" | "upstream_truncated" | "invalid_request") =>
      written([
        {
          kind: "error",
          error: {
            code,
            status: 500,
            message: "Sorry",
            param: null,
            detail: null,
            source: "gateway",
            retryAfterSeconds: null,
          },
        },
      ])[0];
    expect(nameOf("rate_limited")).toEqual(["throttlingException", { message: "Sorry" }]);
    expect(nameOf("overloaded")?.[0]).toBe("serviceUnavailableException");
    expect(nameOf("internal")?.[0]).toBe("internalServerException");
    expect(nameOf("upstream_truncated")?.[0]).toBe("modelStreamErrorException");
    expect(nameOf("invalid_request")?.[0]).toBe("validationException");
  });
});

describe("passing a ConverseStream", () => {
  test("the tap sees its end and its usage in the binary framing, cut anywhere", () => {
    const bytes = Buffer.concat(TEXT);
    for (const size of [1, 10, 100, bytes.length]) {
      const tap = new StreamTap(CONVERSE_STREAM);
      for (let at = 0; at < bytes.length; at += size) {
        const piece = Buffer.from(bytes.subarray(at, at + size));
        tap.observe(piece, 0, piece.length);
      }
      tap.finish();
      expect(tap.isFinished).toBe(true);
      expect(JSON.parse(tap.usageJson ?? "null")).toEqual(USAGE);
    }
  });

  test("a stream that ends in an exception is not finished", () => {
    const tap = new StreamTap(CONVERSE_STREAM);
    const bytes = Buffer.concat([
      START,
      delta(0, { text: '"stopReason":"end_turn"' }),
      message("throttlingException", { message: "x" }, "exception"),
    ]);
    tap.observe(bytes, 0, bytes.length);
    tap.finish();
    expect(tap.isFinished).toBe(false);
  });

  test("the invocation metrics are the end of an InvokeModel stream, wherever base64 begins", () => {
    for (const before of ["", "x", "xx", "xxx"]) {
      const event = `{"type":"message_stop${before}","amazon-bedrock-invocationMetrics":{"inputTokenCount":1}}`;
      const bytes = Buffer.from(message("chunk", { bytes: Buffer.from(event).toString("base64") }));
      const tap = new StreamTap(INVOKE_STREAM);
      tap.observe(bytes, 0, bytes.length);
      tap.finish();
      expect(tap.isFinished).toBe(true);
    }
  });

  test("an error of ours is a message that the reader understands", () => {
    const event = CONVERSE_STREAM.renderErrorEvent(new GatewayError("upstream_timeout", "Too slow")) as Uint8Array;
    expect(fold(eventsOf([START, event])).error).toMatchObject({
      message: "Too slow",
      detail: "modelStreamErrorException",
    });
  });
});
