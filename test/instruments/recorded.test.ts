import { describe, expect, test } from "bun:test";
import { Random } from "./random.ts";
import { CHUNKINGS, openRecording, rechunk } from "./recorded.ts";

describe("rechunking", () => {
  const body = Buffer.from('data: {"text":"naïve – 日本語 😀"}\n\ndata: [DONE]\n\n');
  const original = [body.subarray(0, 10), Buffer.alloc(0), body.subarray(10)];

  for (const how of CHUNKINGS) {
    test(`${how} keeps every byte, in order, and makes no empty chunk`, () => {
      for (let seed = 0; seed < 50; seed += 1) {
        const chunks = rechunk(original, how, new Random(seed));
        expect(Buffer.concat(chunks).equals(body)).toBe(true);
        expect(chunks.every((chunk) => chunk.length > 0)).toBe(true);
      }
    });
  }

  test("does what each way is named for", () => {
    const random = new Random(1);
    expect(rechunk(original, "original", random).length).toBe(2);
    expect(rechunk(original, "coalesced", random).length).toBe(1);
    expect(rechunk(original, "one-byte", random).length).toBe(body.length);
    expect(rechunk([Buffer.alloc(40_000)], "16KiB", random).map((chunk) => chunk.length)).toEqual([16384, 16384, 7232]);
    const inner = rechunk(original, "inside-utf8", random);
    expect(inner.slice(1).every((chunk) => ((chunk[0] as number) & 0xc0) === 0x80)).toBe(true);
    expect(inner.length).toBeGreaterThan(10);
    expect(rechunk([Buffer.from("plain")], "inside-utf8", random).length).toBe(2);
    expect(rechunk([], "random", random)).toEqual([]);
  });

  test("draws the same random chunks from the same seed", () => {
    const lengths = (seed: number) => rechunk(original, "random", new Random(seed)).map((chunk) => chunk.length);
    expect(lengths(7)).toEqual(lengths(7));
    expect(new Set([1, 2, 3, 4, 5, 6].map((seed) => lengths(seed).join())).size).toBeGreaterThan(1);
  });
});

describe("recordings", () => {
  for (const [api, minimum] of [
    ["openai-chat", 1000],
    ["openai-responses", 300],
    ["openai-embeddings", 10],
  ] as const) {
    const recording = openRecording(api);
    if (recording.kind === "absent") {
      test.skip(`${api}: ${recording.reason}`, () => {});
      continue;
    }
    test(`${api} is read whole, with bytes for every chunk`, async () => {
      let count = 0;
      for await (const exchange of recording.read()) {
        count += 1;
        expect(exchange.api).toBe(api);
        expect(exchange.response.status).toBeGreaterThanOrEqual(100);
        expect(exchange.response.chunks.every((chunk) => Buffer.isBuffer(chunk))).toBe(true);
      }
      expect(count).toBeGreaterThan(minimum);
    });
  }

  test("an API nobody recorded is absent, with the reason", () => {
    expect(openRecording("no-such-api")).toEqual({
      kind: "absent",
      reason: "recorded traffic is absent: ../shared/wire/no-such-api.jsonl",
    });
  });
});

describe("the seeded generator", () => {
  test("repeats itself for a seed and spreads over its range", () => {
    const draw = (seed: number) => Array.from({ length: 20 }, (_, index) => new Random(seed + index).below(1000));
    expect(draw(3)).toEqual(draw(3));
    const random = new Random(42);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let index = 0; index < 10_000; index += 1) {
      const drawn = random.between(0, 9);
      counts[drawn] = (counts[drawn] as number) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });
});
