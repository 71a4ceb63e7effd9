/** Synthetic: server-sent events as hostile as they come, against a plain reading of the specification. */
import { describe, expect, test } from "bun:test";
import { SseParser } from "../../../src/lib/sse.ts";
import { Random, seedFromEnvironment } from "../../instruments/random.ts";
import { readSseTexts } from "../corpus/oracle/frames.ts";

const SEED = seedFromEnvironment("FUZZ_SEED");
const FUZZ_COUNT = Number(process.env["FUZZ_COUNT"] ?? 3000);

type SseEvent = { readonly type: string; readonly data: string };

function parse(chunks: readonly Uint8Array[], maxEventBytes?: number): SseEvent[] {
  const events: SseEvent[] = [];
  const parser = new SseParser(maxEventBytes);
  const onEvent = (type: string, data: string): void => {
    events.push({ type, data });
  };
  for (const chunk of chunks) parser.push(chunk, onEvent);
  parser.end(onEvent);
  return events;
}

/** Whole, byte by byte, and cut in two at every place. */
function expectEverywhere(text: string, expected: readonly SseEvent[]): void {
  const bytes = Buffer.from(text);
  expect(parse([bytes])).toEqual([...expected]);
  expect(parse(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual([...expected]);
  for (let at = 0; at <= bytes.length; at += 1) {
    expect(parse([bytes.subarray(0, at), bytes.subarray(at)])).toEqual([...expected]);
  }
}

describe("server-sent events", () => {
  test.each([
    ["LF", "\n"],
    ["CR", "\r"],
    ["CRLF", "\r\n"],
  ])("end their lines with %s", (_name, end) => {
    expectEverywhere(`event: a${end}data: 1${end}${end}data: 2${end}${end}`, [
      { type: "a", data: "1" },
      { type: "", data: "2" },
    ]);
  });

  test("end their lines with all three, mixed", () => {
    expectEverywhere("data: 1\r\rdata: 2\n\r\ndata: 3\r\n\ndata: 4\n\rdata: 5\r\n\r\n", [
      { type: "", data: "1" },
      { type: "", data: "2" },
      { type: "", data: "3" },
      { type: "", data: "4" },
      { type: "", data: "5" },
    ]);
  });

  test("begin with a BOM, and only there", () => {
    expectEverywhere("\uFEFFdata: 1\n\ndata: \uFEFF2\n\n", [
      { type: "", data: "1" },
      { type: "", data: "\uFEFF2" },
    ]);
  });

  test("carry NUL and other control characters", () => {
    expectEverywhere("data: a\u0000b\u0001\u001f\n\n", [{ type: "", data: "a\u0000b\u0001\u001f" }]);
  });

  test("have comments, alone and in the middle of an event", () => {
    expectEverywhere(": OPENROUTER PROCESSING\n\ndata: 1\n: keep-alive\n:\ndata: 2\n\n:end", [
      { type: "", data: "1\n2" },
    ]);
  });

  test("need no space after the colon, and lose only one", () => {
    expectEverywhere("data:1\n\ndata:  2\n\ndata\n\n", [
      { type: "", data: "1" },
      { type: "", data: " 2" },
      { type: "", data: "" },
    ]);
  });

  test("have several data lines, with empty ones among them", () => {
    expectEverywhere("data: 1\ndata:\ndata: 3\n\n", [{ type: "", data: "1\n\n3" }]);
  });

  test("have fields nobody knows, ids, retry times and names that only begin like one", () => {
    expectEverywhere("id: 1\nretry: 3000\ndatax: no\neventual: no\nfoo: bar\ndata: 1\n\n", [{ type: "", data: "1" }]);
  });

  test("without data are none", () => {
    expectEverywhere("event: ping\n\nevent: a\ndata: 1\n\n", [{ type: "a", data: "1" }]);
  });

  test.each(["", "\n", "\r", "\r\n"])("end without their empty line: %j", (end) => {
    expectEverywhere(`data: 1\n\nevent: b\ndata: 2${end}`, [
      { type: "", data: "1" },
      { type: "b", data: "2" },
    ]);
  });

  test("hold characters of several bytes across every cut", () => {
    expectEverywhere("data: ü€🏔️ 天\n\n", [{ type: "", data: "ü€🏔️ 天" }]);
  });

  test("may be 10 MB long", () => {
    const long = "x".repeat(10 * 1024 * 1024);
    const bytes = Buffer.from(`data: ${long}\n\ndata: 2\n\n`);
    const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) =>
      bytes.subarray(index * 65_536, (index + 1) * 65_536),
    );
    const events = parse(chunks);
    expect(events).toHaveLength(2);
    expect(events[0]?.data.length).toBe(long.length);
    expect(events[0]?.data === long).toBe(true);
  });

  test.each([
    ["one endless line", (size: number) => [Buffer.from(`data: ${"x".repeat(size)}`)]],
    [
      "endless data lines",
      (size: number) => Array.from({ length: size / 100 }, () => Buffer.from(`data: ${"y".repeat(100)}\n`)),
    ],
    ["an endless line that is no data", (size: number) => [Buffer.from(`: ${"z".repeat(size)}`)]],
  ])("beyond the bound are refused: %s", (_name, write) => {
    const maxEventBytes = 64 * 1024;
    expect(() => parse(write(maxEventBytes * 2), maxEventBytes)).toThrow(/65536 bytes/);
    expect(parse([Buffer.from(`data: ${"x".repeat(maxEventBytes / 2)}\n\n`)], maxEventBytes)).toHaveLength(1);
  });

  test(`are what the specification says, ${FUZZ_COUNT} drawn streams (FUZZ_SEED=${SEED})`, () => {
    const random = new Random(SEED);
    const words = [
      "data:",
      "data: ",
      "data",
      "event:",
      "event: x",
      ":",
      "id: 1",
      "a",
      " ",
      "ü",
      "🏔",
      "\u0000",
      "\uFEFF",
      "\n",
      "\r",
      "\r\n",
      "\n\n",
      "\r\r",
    ];
    for (let number = 0; number < FUZZ_COUNT; number += 1) {
      const text = Array.from({ length: random.between(1, 40) }, () => random.pick(words)).join("");
      const bytes = Buffer.from(text);
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = random.between(1, 6);
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      const got = parse(chunks);
      const expected = readSseTexts(bytes);
      if (JSON.stringify(got) !== JSON.stringify(expected))
        expect({ text, events: got }).toEqual({ text, events: expected });
    }
  });
});
