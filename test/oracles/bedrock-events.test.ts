/** The binary event stream, both ways against the codec of AWS's SDK. */
import { describe, expect, test } from "bun:test";
import { EventStreamCodec, Int64, type MessageHeaders, type MessageHeaderValue } from "@smithy/core/event-streams";
import {
  encodeEventHeaders,
  encodeEventMessage,
  type EventHeader,
  EventStreamDecoder,
} from "../../src/lib/aws-event-stream.ts";
import { Random, seedFromEnvironment } from "../instruments/random.ts";

const CODEC = new EventStreamCodec(
  (bytes) => (typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("utf8")),
  (text) => Buffer.from(text, "utf8"),
);
const COUNT = 500;
const SEED = seedFromEnvironment("FUZZ_SEED");

type Drawn = {
  readonly headers: ReadonlyMap<string, EventHeader>;
  readonly theirs: MessageHeaders;
  readonly payload: Buffer;
};

describe(`the event stream's messages (FUZZ_SEED=${SEED})`, () => {
  const random = new Random(SEED);
  const drawn = Array.from({ length: COUNT }, () => drawMessage(random));

  test("are the bytes that the SDK's codec writes, and it reads them", () => {
    for (const { headers, theirs, payload } of drawn) {
      const ours = encodeEventMessage(encodeEventHeaders(headers), payload);
      expect(Buffer.from(CODEC.encode({ headers: theirs, body: payload })).equals(ours)).toBe(true);
      const read = CODEC.decode(ours);
      expect(Buffer.from(read.body).equals(payload)).toBe(true);
      expect(Object.keys(read.headers)).toEqual([...headers.keys()]);
    }
  });

  test("of the SDK's codec are read as what they say, in any cut", () => {
    const bytes = Buffer.concat(drawn.map(({ theirs, payload }) => CODEC.encode({ headers: theirs, body: payload })));
    const decoder = new EventStreamDecoder();
    const read: { readonly headers: readonly unknown[]; readonly payload: string }[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + random.between(1, 700);
      decoder.push(bytes.subarray(at, end), (headers, payload) => {
        read.push({ headers: [...headers], payload: Buffer.from(payload).toString("hex") });
      });
      at = end;
    }
    expect(decoder.isMidMessage).toBe(false);
    expect(read).toEqual(
      drawn.map(({ headers, payload }) => ({ headers: [...headers], payload: payload.toString("hex") })),
    );
  });
});

function drawMessage(random: Random): Drawn {
  const headers = new Map<string, EventHeader>();
  const theirs: MessageHeaders = {};
  for (let index = 0; index < random.below(8); index += 1) {
    // Names that look like numbers would change their order in an object.
    const name = `:${random.pick(["event-type", "content-type", "message-type", "grüße", "x"])}-${index}`;
    const [header, value] = drawValue(random);
    headers.set(name, header);
    theirs[name] = value;
  }
  return { headers, theirs, payload: random.bytes(random.below(300)) };
}

function drawValue(random: Random): readonly [EventHeader, MessageHeaderValue] {
  const kind = random.pick([
    "boolean",
    "byte",
    "short",
    "integer",
    "long",
    "binary",
    "string",
    "timestamp",
    "uuid",
  ] as const);
  switch (kind) {
    case "boolean": {
      const value = random.chance(0.5);
      return [
        { kind, value },
        { type: kind, value },
      ];
    }
    case "byte":
    case "short":
    case "integer": {
      const bound = { byte: 2 ** 7, short: 2 ** 15, integer: 2 ** 31 }[kind];
      const value = random.between(-bound, bound - 1);
      return [
        { kind, value },
        { type: kind, value },
      ];
    }
    case "long": {
      const value = random.between(-(2 ** 40), 2 ** 40);
      return [
        { kind, value: BigInt(value) },
        { type: kind, value: Int64.fromNumber(value) },
      ];
    }
    case "binary": {
      const value = Uint8Array.from(random.bytes(random.below(40)));
      return [
        { kind, value },
        { type: kind, value },
      ];
    }
    case "string": {
      const value = random.pick(["", "text/event-stream", "Grüße — 你好 👋"]);
      return [
        { kind, value },
        { type: kind, value },
      ];
    }
    case "timestamp": {
      const valueMs = random.between(0, 2 ** 41);
      return [
        { kind, valueMs },
        { type: kind, value: new Date(valueMs) },
      ];
    }
    case "uuid": {
      const value = random
        .bytes(16)
        .toString("hex")
        .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
      return [
        { kind, value },
        { type: kind, value },
      ];
    }
    default:
      return kind satisfies never;
  }
}
