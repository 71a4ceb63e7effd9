import { expect, test } from "bun:test";
import { writeText } from "../../src/relay/chunk-framing.ts";

/** What reaches the socket, copied at once as a socket takes it. */
function frame(text: string): { framed: Buffer; buffer: Buffer; bytes: number } {
  let seen: { framed: Buffer; buffer: Buffer; bytes: number } | null = null;
  writeText(text, {
    write(bytes, from, to) {
      seen = { framed: Buffer.from(bytes.subarray(from, to)), buffer: bytes, bytes: to - from };
    },
  });
  if (seen === null) throw new Error("expected a write");
  return seen;
}

test("a text of any length leaves as one chunk with its size in bytes", () => {
  for (const length of [1, 15, 16, 255, 256, 4095, 4096, 9_999, 10_000, 10_001, 200_000]) {
    for (const character of ["a", "ü", "€", "😀", "\ud800"]) {
      const text = character.repeat(length);
      const payload = Buffer.from(text);
      const expected = Buffer.concat([Buffer.from(`${payload.length.toString(16)}\r\n`), payload, Buffer.from("\r\n")]);
      expect(frame(text).framed.equals(expected)).toBe(true);
    }
  }
});

test("a chunk in the lent buffer is less than half of it, so that whoever keeps a rest of it copies", () => {
  const small = frame("a");
  for (const text of ["€".repeat(10_000), "😀".repeat(5_000), "\ud800".repeat(10_000)]) {
    const { buffer, bytes } = frame(text);
    expect(buffer).toBe(small.buffer);
    expect(bytes * 2).toBeLessThan(buffer.buffer.byteLength);
  }
  const large = frame("€".repeat(10_001));
  expect(large.buffer).not.toBe(small.buffer);
});
