import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../src/errors.ts";
import {
  encodeEventHeaders,
  encodeEventMessage,
  type EventHeader,
  type EventHeaders,
  EventStreamDecoder,
  textHeader,
} from "../../src/lib/aws-event-stream.ts";

type Message = { readonly headers: EventHeaders; readonly payload: string };

function decode(pieces: Iterable<Uint8Array>, decoder = new EventStreamDecoder()): Message[] {
  const found: Message[] = [];
  for (const piece of pieces) {
    decoder.push(piece, (headers, payload) => {
      found.push({ headers, payload: Buffer.from(payload).toString("utf8") });
    });
  }
  return found;
}

function message(type: string, payload: string): Uint8Array {
  return encodeEventMessage(encodeEventHeaders([[":event-type", { kind: "string", value: type }]]), payload);
}

/** With both checksums right, whatever the lengths say. */
function forge(total: number, headersLength: number, rest: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + rest.length + 4);
  bytes.writeUInt32BE(total, 0);
  bytes.writeUInt32BE(headersLength, 4);
  bytes.writeUInt32BE(Bun.hash.crc32(bytes.subarray(0, 8)), 8);
  bytes.set(rest, 12);
  bytes.writeUInt32BE(Bun.hash.crc32(bytes.subarray(0, bytes.length - 4)), bytes.length - 4);
  return bytes;
}

function brokenBy(bytes: Uint8Array, decoder = new EventStreamDecoder()): GatewayError {
  try {
    decoder.push(bytes, () => {});
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("expected the decoder to refuse these bytes");
}

const EVERY_KIND: [string, EventHeader][] = [
  ["yes", { kind: "boolean", value: true }],
  ["no", { kind: "boolean", value: false }],
  ["byte", { kind: "byte", value: -7 }],
  ["short", { kind: "short", value: -32_000 }],
  ["integer", { kind: "integer", value: 40_972 }],
  ["long", { kind: "long", value: -42_424_242n }],
  ["binary", { kind: "binary", value: Uint8Array.of(0, 1, 255) }],
  ["string", { kind: "string", value: "größe ✓" }],
  ["timestamp", { kind: "timestamp", valueMs: 1_700_000_000_123 }],
  ["uuid", { kind: "uuid", value: "01020304-0506-0708-090a-0b0c0d0e0f10" }],
];

describe("the AWS event stream", () => {
  // Vectors of the encoding's own test suite: https://github.com/awslabs/aws-c-event-stream/tree/main/tests
  test("an empty message is the sixteen bytes that the specification's suite has for it", () => {
    const bytes = encodeEventMessage(encodeEventHeaders([]), "");
    expect(Buffer.from(bytes).toString("hex")).toBe("000000100000000005c248eb7d98c8ff");
    expect(decode([bytes])).toEqual([{ headers: new Map(), payload: "" }]);
  });

  test("a message with an integer header and a payload is as the specification's suite has it", () => {
    const bytes = encodeEventMessage(
      encodeEventHeaders([["event-type", { kind: "integer", value: 40_972 }]]),
      "{'foo':'bar'}",
    );
    expect(Buffer.from(bytes).toString("hex")).toBe(
      "0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0",
    );
  });

  test("headers of every type come back as they went", () => {
    const [read] = decode([encodeEventMessage(encodeEventHeaders(EVERY_KIND), "x")]);
    expect([...(read?.headers ?? [])]).toEqual([...EVERY_KIND]);
  });

  test("messages are the same in whatever pieces they come", () => {
    const stream = Buffer.concat([
      message("a", "{}"),
      message("b", "ü".repeat(900)),
      encodeEventMessage(encodeEventHeaders(EVERY_KIND), ""),
      message("b", "{}"),
    ]);
    const whole = decode([stream]);
    expect(whole).toHaveLength(4);
    for (const size of [1, 2, 3, 7, 11, 12, 13, 64, 1000]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += size) pieces.push(stream.subarray(at, at + size));
      expect(decode(pieces)).toEqual(whole);
    }
    for (let cut = 1; cut < stream.length; cut++) {
      expect(decode([stream.subarray(0, cut), stream.subarray(cut)])).toHaveLength(4);
    }
  });

  test("says whether the bytes end inside a message", () => {
    const decoder = new EventStreamDecoder();
    const bytes = message("a", "{}");
    decode([bytes.subarray(0, 5)], decoder);
    expect(decoder.isMidMessage).toBe(true);
    decode([bytes.subarray(5)], decoder);
    expect(decoder.isMidMessage).toBe(false);
  });

  test("keeps nothing of the bytes it was given", () => {
    const decoder = new EventStreamDecoder();
    const bytes = message("a", "hello");
    const first = bytes.slice(0, 20);
    decode([first], decoder);
    first.fill(0);
    expect(decode([bytes.subarray(20)], decoder).map(({ payload }) => payload)).toEqual(["hello"]);
  });

  test("a flipped bit anywhere is found before the message is told", () => {
    const bytes = message("contentBlockDelta", `{"delta":{"text":"hi"}}`);
    for (let at = 0; at < bytes.length; at++) {
      const broken = bytes.slice();
      broken[at] = (broken[at] as number) ^ 1;
      const error = brokenBy(broken);
      expect(error.code).toBe("upstream_error");
      expect(error.options.upstreamType).toBe("protocol");
      expect(error.message).toContain("checksum");
    }
  });

  test("a huge length is refused at its prelude, without waiting for the bytes", () => {
    expect(brokenBy(forge(0x7fffffff, 0, Buffer.alloc(0)).subarray(0, 12)).message).toContain("2147483647 bytes");
    expect(brokenBy(forge(200, 0, Buffer.alloc(0)).subarray(0, 12), new EventStreamDecoder(100)).message).toContain(
      "200 bytes, more than 100",
    );
  });

  test("headers beyond the bound, or longer than their message, are refused at the prelude", () => {
    expect(brokenBy(forge(1_000_000, 500_000, Buffer.alloc(0)).subarray(0, 12)).message).toContain(
      "500000 bytes of headers",
    );
    expect(brokenBy(forge(20, 10, Buffer.alloc(0)).subarray(0, 12)).message).toContain("cannot hold");
  });

  test("a header that reaches beyond the others, has no name or an unknown type is refused", () => {
    const cases: readonly (readonly [number[], string])[] = [
      [[5, 97], "reaches beyond"],
      [[1, 97, 7, 0, 9, 97], "reaches beyond"],
      [[0, 7, 0, 0], "no name"],
      [[1, 97, 10], "unknown type 10"],
    ];
    for (const [headers, words] of cases) {
      expect(brokenBy(forge(16 + headers.length, headers.length, Uint8Array.from(headers))).message).toContain(words);
    }
  });

  test("what can be no header is not written", () => {
    const value: EventHeader = { kind: "string", value: "x" };
    expect(() => encodeEventHeaders([["", value]])).toThrow("1 to 255 bytes");
    expect(() => encodeEventHeaders([["n".repeat(256), value]])).toThrow("1 to 255 bytes");
    expect(() => encodeEventHeaders([["a", { kind: "string", value: "x".repeat(70_000) }]])).toThrow("at most 65535");
    expect(() => encodeEventHeaders([["a", { kind: "uuid", value: "12" }]])).toThrow("16 bytes");
  });

  test("a header of another type is no text", () => {
    expect(textHeader(new Map([["a", { kind: "boolean", value: true }]]), "a")).toBeNull();
    expect(textHeader(new Map([["a", { kind: "string", value: "b" }]]), "a")).toBe("b");
  });
});
