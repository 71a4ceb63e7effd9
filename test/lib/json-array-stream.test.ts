import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../src/errors.ts";
import { JsonArrayParser } from "../../src/lib/json-array-stream.ts";

const ELEMENTS = [{ text: 'a "quoted" ]} brace, and \\ slash', n: [1, [2]] }, 12, "é€😀,]", null, [], {}, -1.5e3, true];

function parse(
  text: string,
  size: number,
  maxBytes?: number,
): { readonly elements: string[]; readonly isComplete: boolean } {
  const parser = new JsonArrayParser(maxBytes);
  const elements: string[] = [];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size)
    parser.push(bytes.subarray(at, at + size), (element) => elements.push(element));
  return { elements, isComplete: parser.isComplete };
}

describe("JsonArrayParser", () => {
  test("gives the same elements whatever the cut", () => {
    const text = ` [${ELEMENTS.map((element) => JSON.stringify(element, null, 1)).join("\r\n,\n")}\n]\n`;
    for (let size = 1; size <= Buffer.byteLength(text); size++) {
      const { elements, isComplete } = parse(text, size);
      expect(elements.map((element) => JSON.parse(element))).toEqual(ELEMENTS);
      expect(isComplete).toBe(true);
    }
  });

  test("gives an element as soon as its last byte is there", () => {
    const { elements, isComplete } = parse('[{"a":1},{"b":2}', 1);
    expect(elements).toEqual(['{"a":1}', '{"b":2}']);
    expect(isComplete).toBe(false);
  });

  test("keeps no reference to the bytes it was given", () => {
    const parser = new JsonArrayParser();
    const elements: string[] = [];
    const bytes = Buffer.from('[{"a":');
    parser.push(bytes, (element) => elements.push(element));
    bytes.fill(0);
    parser.push(Buffer.from("1}]"), (element) => elements.push(element));
    expect(elements).toEqual(['{"a":1}']);
  });

  test("ends an empty array", () => {
    expect(parse("[ ]", 1)).toEqual({ elements: [], isComplete: true });
  });

  test("refuses an element beyond its bound, in one piece and in many", () => {
    const text = `["${"x".repeat(100)}"]`;
    expect(() => parse(text, 1000, 50)).toThrow(GatewayError);
    expect(() => parse(text, 3, 50)).toThrow("more than 50 bytes");
    expect(parse(text, 3, 102).elements).toHaveLength(1);
  });

  test("refuses what is no array, and what follows one", () => {
    expect(() => parse('{"a":1}', 10)).toThrow("Expected a JSON array");
    expect(() => parse("[1] x", 10)).toThrow("Expected nothing after the array's end");
  });
});
