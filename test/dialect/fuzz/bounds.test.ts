/**
 * Hostile providers that never stop: whatever they send, a stream's memory stays bounded, and what goes beyond the bound is told as
 * the provider's fault.
 */
import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import type { Dialect, StreamReader } from "../../../src/dialect/dialect.ts";
import type { DialectId, NeutralEvent } from "../../../src/dialect/neutral.ts";
import { StreamTranslation } from "../../../src/dialect/translate.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContextOf, GENERATE_PATHS } from "../corpus/apis.ts";
import { encodeEvents } from "../corpus/encode-events.ts";
import { CHAT } from "../synthetic/stream-ends.ts";
import { DIALECT_LIST, seedsOf } from "./seeds.ts";

const MB = 1024 * 1024;

/** One event, without what would end the stream. */
function frame(dialect: DialectId, event: JsonObject): Buffer {
  const bytes = encodeEvents([event], dialect);
  return dialect === "openai-chat" ? bytes.subarray(0, bytes.indexOf("data: [DONE]")) : bytes;
}

function dialectOf(id: DialectId): Dialect {
  return DIALECT_LIST.find((dialect) => dialect.id === id) as Dialect;
}

/** Why reading ended; null where all `count` events were taken. */
function feed(
  id: DialectId,
  count: number,
  make: (number: number) => JsonObject,
  sink: (event: NeutralEvent) => void = () => undefined,
  reader: StreamReader = dialectOf(id).generate.openReader(),
): GatewayError | null {
  try {
    for (let number = 0; number < count; number += 1) reader.push(frame(id, make(number)), sink);
    return null;
  } catch (error) {
    if (error instanceof GatewayError) return error; // judged by the caller of this
    throw error;
  }
}

const chat = (delta: JsonObject, index = 0): JsonObject => ({
  ...CHAT,
  choices: [{ index, delta, finish_reason: null }],
});
const candidate = (part: JsonObject, index = 0): JsonObject => ({
  candidates: [{ index, content: { role: "model", parts: [part] } }],
});
const line = (message: JsonObject): JsonObject => ({
  model: "m",
  created_at: "2025-06-15T15:06:40Z",
  message,
  done: false,
});
const cohereText = (index: number): JsonObject => ({
  type: "content-delta",
  index,
  delta: { message: { content: { text: "a" } } },
});

/** Another part with every event. */
const PARTS: Readonly<Record<DialectId, (number: number) => JsonObject>> = {
  "openai-chat": (number) => chat(number % 2 === 0 ? { content: "a" } : { reasoning_content: "b" }),
  "openai-responses": (number) => ({
    type: "response.output_item.added",
    output_index: 0,
    item: { type: "function_call", call_id: `c${number}`, name: "f", arguments: "" },
  }),
  "anthropic-messages": (number) => ({
    type: "content_block_start",
    index: number % 3,
    content_block: { type: "tool_use", id: `t${number}`, name: "f", input: {} },
  }),
  gemini: (number) => candidate({ text: "a", thought: number % 2 === 0 }),
  "bedrock-converse": (number) => ({
    contentBlockStart: { contentBlockIndex: 0, start: { toolUse: { toolUseId: `t${number}`, name: "f" } } },
  }),
  cohere: (number) => cohereText(number),
  ollama: (number) => line(number % 2 === 0 ? { content: "a" } : { thinking: "b" }),
};

/** Something in every event that a reader may want to keep until the end. */
const WORDS = "x".repeat(64_000);
const KEPT: readonly (readonly [what: string, id: DialectId, make: (number: number) => JsonObject])[] = [
  ["unknown members before the answer", "openai-chat", (number) => ({ [`k${number}`]: WORDS })],
  ["unknown members of chunks", "openai-chat", (number) => ({ ...CHAT, choices: [], [`k${number}`]: WORDS })],
  ["unknown members of deltas", "openai-chat", (number) => chat({ [`k${number}`]: WORDS })],
  [
    "unknown members of finished choices",
    "openai-chat",
    (number) => ({ ...CHAT, choices: [{ index: number % 128, finish_reason: "stop", [`k${number}`]: WORDS }] }),
  ],
  ["annotations nobody knows", "openai-chat", () => chat({ annotations: [{ type: "odd", odd: WORDS }] })],
  ["a call without a name", "openai-chat", () => chat({ tool_calls: [{ index: 0, function: { arguments: WORDS } }] })],
  [
    "encrypted reasoning behind the reasoning",
    "openai-chat",
    () => chat({ content: "a", reasoning_details: [{ type: "reasoning.encrypted", data: WORDS }] }),
  ],
  [
    "items that never end",
    "openai-responses",
    (number) => ({
      type: "response.output_item.added",
      output_index: number,
      item: { type: "web_search_call", action: WORDS },
    }),
  ],
  [
    "a signature without end",
    "anthropic-messages",
    (number) =>
      number === 0
        ? { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } }
        : { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: WORDS } },
  ],
  [
    "a server tool's input without end",
    "anthropic-messages",
    (number) =>
      number === 0
        ? { type: "content_block_start", index: 0, content_block: { type: "server_tool_use" } }
        : { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: WORDS } },
  ],
  [
    "blocks that never end",
    "anthropic-messages",
    (number) => ({ type: "content_block_start", index: number, content_block: { type: "odd", odd: WORDS } }),
  ],
  [
    "unknown members of message_delta",
    "anthropic-messages",
    (number) => ({ type: "message_delta", delta: {}, [`k${number}`]: WORDS }),
  ],
  [
    "unknown usage",
    "anthropic-messages",
    (number) => ({ type: "message_delta", delta: {}, usage: { [`k${number}`]: WORDS } }),
  ],
  ["unknown members of chunks", "gemini", (number) => ({ [`k${number}`]: WORDS })],
  ["unknown members of candidates", "gemini", (number) => ({ candidates: [{ index: 0, [`k${number}`]: WORDS }] })],
  ["unknown usage", "gemini", (number) => ({ usageMetadata: { [`k${number}`]: WORDS } })],
  [
    "a call in pieces without end",
    "gemini",
    (number) =>
      candidate({
        functionCall: {
          ...(number === 0 ? { name: "f" } : {}),
          partialArgs: [{ jsonPath: `$.a${number}`, stringValue: WORDS }],
          willContinue: true,
        },
      }),
  ],
  [
    "blocks that never end",
    "bedrock-converse",
    (number) => ({ contentBlockStart: { contentBlockIndex: number, start: { image: { format: WORDS } } } }),
  ],
  [
    "an image in pieces without end",
    "bedrock-converse",
    (number) =>
      number === 0
        ? { contentBlockStart: { contentBlockIndex: 0, start: { image: { format: "png" } } } }
        : { contentBlockDelta: { contentBlockIndex: 0, delta: { image: { source: WORDS } } } },
  ],
];

describe("a provider that never stops", () => {
  test.each(DIALECT_LIST.map(({ id }) => id))("opening parts: %s", (id) => {
    const error = feed(id, 20_000, PARTS[id]);
    expect(error?.code).toBe("upstream_error");
  });

  test.each(KEPT)("sending %s: %s", (_, id, make) => {
    const error = feed(id, 1_000, make);
    expect(error?.code).toBe("upstream_error");
  });
});

/** Places that no answer has. */
const INDEXES = [
  1e9,
  4_294_967_294,
  4_294_967_295,
  2 ** 53,
  1e300,
  0.5,
  -1,
  "length",
  "__proto__",
  "constructor",
  null,
  {},
];

describe("an index that is none", () => {
  test.each(DIALECT_LIST.map(({ id }) => id))("costs nothing and breaks nothing: %s", (id) => {
    const dialect = dialectOf(id);
    for (const index of INDEXES) {
      for (const stream of seedsOf(id).streams) {
        const text = JSON.stringify(stream).replaceAll(
          /"(index|output_index|content_index|summary_index|contentBlockIndex|annotation_index)":\d+/g,
          (_, name: string) => `"${name}":${JSON.stringify(index)}`,
        );
        const events = (JSON.parse(text) as JsonObject[]).filter((event) => typeof event === "object");
        for (const to of DIALECT_LIST) {
          const context = answerContextOf({ dialect: to, path: GENERATE_PATHS[to.id]("m", true), from: id });
          const translation = new StreamTranslation(
            dialect.generate.openReader(),
            to.generate.openWriter(context),
            null,
          );
          try {
            for (const event of events) translation.push(encodeEvents([event], id));
            translation.end();
          } catch (error) {
            expect((error as GatewayError).code).toBe("upstream_error");
          }
        }
      }
    }
  });
});

describe("tool arguments without end, in small pieces", () => {
  const piece = "a".repeat(8_192);
  const PIECES = (16 * MB) / piece.length;
  /** More than a writer may hold; that of Responses must say all of an answer again at its end. */
  const piecesBeyond = (id: DialectId): number => ((id === "openai-responses" ? 72 : 20) * MB) / piece.length;
  const CALLS: Readonly<Partial<Record<DialectId, readonly [JsonObject, JsonObject]>>> = {
    "openai-chat": [
      chat({ tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "" } }] }),
      chat({ tool_calls: [{ index: 0, function: { arguments: piece } }] }),
    ],
    "openai-responses": [
      {
        type: "response.output_item.added",
        output_index: 0,
        item: { type: "function_call", call_id: "c", name: "f", arguments: "" },
      },
      { type: "response.function_call_arguments.delta", output_index: 0, delta: piece },
    ],
    "anthropic-messages": [
      { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
      { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: piece } },
    ],
    "bedrock-converse": [
      { contentBlockStart: { contentBlockIndex: 0, start: { toolUse: { toolUseId: "t", name: "f" } } } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { toolUse: { input: piece } } } },
    ],
    cohere: [
      { type: "tool-call-start", index: 0, delta: { message: { tool_calls: { id: "c", function: { name: "f" } } } } },
      { type: "tool-call-delta", index: 0, delta: { message: { tool_calls: { function: { arguments: piece } } } } },
    ],
  };

  test.each(Object.keys(CALLS) as DialectId[])("are not kept by a reader of %s", (id) => {
    const [start, delta] = CALLS[id] as readonly [JsonObject, JsonObject];
    const reader = dialectOf(id).generate.openReader();
    const bytes = frame(id, delta);
    let chars = 0;
    const sink = (event: NeutralEvent): void => {
      if (event.kind === "tool-call-arguments-delta") chars += event.text.length;
    };
    reader.push(frame(id, start), sink);
    Bun.gc(true);
    const before = heapStats().heapSize;
    for (let number = 0; number < PIECES; number += 1) reader.push(bytes, sink);
    Bun.gc(true);
    expect(chars).toBe(16 * MB);
    expect(heapStats().heapSize - before).toBeLessThan(4 * MB);
  });

  test.each(DIALECT_LIST.map(({ id }) => id))("pass a writer of %s, or are refused", (id) => {
    const to = dialectOf(id);
    const writer = to.generate.openWriter(
      answerContextOf({
        dialect: to,
        path: GENERATE_PATHS[id]("m", true),
        from: id === "openai-chat" ? "anthropic-messages" : "openai-chat",
      }),
    );
    writer.write({ kind: "message-start", id: "i", model: "m", createdAt: 1, serviceTier: null, extra: null });
    writer.write({ kind: "part-start", choice: 0, part: 0, start: { kind: "tool-call", id: "c", name: "f" } });
    const before = heapStats().heapSize;
    let refused: unknown = null;
    try {
      for (let number = 0; number < piecesBeyond(id); number += 1)
        writer.write({ kind: "tool-call-arguments-delta", choice: 0, part: 0, text: piece });
    } catch (error) {
      refused = error;
    }
    Bun.gc(true);
    if (refused === null) expect(heapStats().heapSize - before).toBeLessThan(8 * MB);
    else expect((refused as GatewayError).code).toBe("upstream_error");
  });
});

describe("parts that are open at once", () => {
  const COUNT = 6_000;
  const start = (part: number): NeutralEvent => ({
    kind: "part-start",
    choice: 0,
    part,
    start: { kind: "tool-call", id: `c${part}`, name: "f" },
  });
  const end = (part: number): NeutralEvent => ({ kind: "part-end", choice: 0, part, extra: null });
  const parts = Array.from({ length: COUNT }, (_, part) => part);

  test.each(DIALECT_LIST.map(({ id }) => id))(
    "all of them, and end in either order, are no trouble for a writer of %s",
    (id) => {
      const to = dialectOf(id);
      for (const order of [parts, parts.toReversed()]) {
        const context = answerContextOf({
          dialect: to,
          path: GENERATE_PATHS[id]("m", true),
          from: id === "cohere" ? "gemini" : "cohere",
        });
        const writer = to.generate.openWriter(context);
        let written = 0;
        const write = (event: NeutralEvent): void => {
          written += writer.write(event).length;
        };
        write({ kind: "message-start", id: "i", model: "m", createdAt: 1, serviceTier: null, extra: null });
        for (const part of parts) write(start(part));
        for (const part of order) write(end(part));
        write({
          kind: "finish",
          choice: 0,
          finish: { kind: "tool-calls", native: null, stopSequence: null },
          extra: null,
        });
        write({ kind: "message-end", extra: null });
        expect(written).toBeGreaterThan(COUNT * 20);
      }
    },
  );
});
