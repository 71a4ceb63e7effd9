import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../src/errors.ts";
import { NdjsonParser } from "../../src/lib/ndjson.ts";

function linesOf(pieces: readonly Uint8Array[], maxLineBytes?: number): string[] {
  const parser = new NdjsonParser(maxLineBytes);
  const lines: string[] = [];
  for (const piece of pieces) parser.push(piece, (line) => lines.push(line));
  parser.end((line) => lines.push(line));
  return lines;
}

const TEXT = '\uFEFF{"a":"é€😀"}\r\n\n{"b":"\\r\\n"}\n\r\n{"c":3}';
const LINES = ['{"a":"é€😀"}', '{"b":"\\r\\n"}', '{"c":3}'];

describe("newline-delimited JSON", () => {
  test("is the same lines in any cut", () => {
    const bytes = Buffer.from(TEXT);
    expect(linesOf([bytes])).toEqual(LINES);
    expect(linesOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(LINES);
    for (let at = 1; at < bytes.length; at++) {
      expect(linesOf([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(LINES);
    }
  });

  test("gives a last line without its end, and no empty one", () => {
    expect(linesOf([Buffer.from('{"a":1}')])).toEqual(['{"a":1}']);
    expect(linesOf([Buffer.from('{"a":1}\n')])).toEqual(['{"a":1}']);
    expect(linesOf([])).toEqual([]);
  });

  test("keeps no reference to the bytes it was given", () => {
    const bytes = Buffer.from('{"a":');
    const parser = new NdjsonParser();
    const lines: string[] = [];
    parser.push(bytes, (line) => lines.push(line));
    bytes.fill(0x78);
    parser.push(Buffer.from("1}\n"), (line) => lines.push(line));
    expect(lines).toEqual(['{"a":1}']);
  });

  test("reads a line of thousands of pieces", () => {
    const line = `{"a":"${"x".repeat(3000)}"}`;
    expect(linesOf(Array.from(Buffer.from(`${line}\n`), (byte) => Uint8Array.of(byte)))).toEqual([line]);
  });

  test("takes a line of just the bound, and refuses a longer one, whole or in pieces", () => {
    expect(linesOf([Buffer.from(`${"x".repeat(64)}\n`)], 64)).toEqual(["x".repeat(64)]);
    const tooLong = Buffer.from(`${"x".repeat(65)}\n`);
    expect(() => linesOf([tooLong], 64)).toThrow(GatewayError);
    expect(() => linesOf([tooLong.subarray(0, 40), tooLong.subarray(40)], 64)).toThrow("more than 64 bytes");
    // Without an end in sight it is refused as soon as it is too long.
    expect(() => linesOf([Buffer.from("x".repeat(65))], 64)).toThrow(GatewayError);
  });

  test("counts each line by itself", () => {
    const line = "x".repeat(60);
    expect(linesOf([Buffer.from(`${line}\n`.repeat(10))], 64)).toHaveLength(10);
  });
});
