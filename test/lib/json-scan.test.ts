import { describe, expect, test } from "bun:test";
import { scanJsonObject } from "../../src/lib/json-scan.ts";

function spansOf(text: string, wanted: string[]): Record<string, string[]> {
  const bytes = Buffer.from(text);
  const scan = scanJsonObject(bytes, wanted, 128);
  if (scan.kind !== "object") throw new Error(`expected an object, got ${scan.message}`);
  return Object.fromEntries(
    [...scan.spans].map(([key, spans]) => [key, spans.map((span) => bytes.toString("utf8", span.start, span.end))]),
  );
}

describe("scanJsonObject", () => {
  test("finds top-level members only, and every one of a doubled key", () => {
    expect(spansOf('{"model":"a","x":{"model":"inner"},"model":"b"}', ["model"])).toEqual({ model: ['"a"', '"b"'] });
  });

  test("recognises a key that is written with escapes", () => {
    expect(spansOf('{"mo\\u0064el":"a"}', ["model"])).toEqual({ model: ['"a"'] });
  });

  test("gives containers, numbers and words as they stand", () => {
    expect(spansOf(' { "a" : [1, {"b":2}] , "c":-1.50e+3,"d":null }\n', ["a", "c", "d"])).toEqual({
      a: ['[1, {"b":2}]'],
      c: ["-1.50e+3"],
      d: ["null"],
    });
  });

  test("allows exactly the levels it is told to", () => {
    const nest = (levels: number) => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
    expect(scanJsonObject(Buffer.from(nest(128)), [], 128).kind).toBe("object");
    expect(scanJsonObject(Buffer.from(nest(129)), [], 128)).toMatchObject({ kind: "invalid" });
    // Deep input must not use the stack.
    expect(scanJsonObject(Buffer.from(nest(200_000)), [], 128).kind).toBe("invalid");
  });

  test("says where the text is wrong", () => {
    expect(scanJsonObject(Buffer.from('{"a":1,}'), [], 128)).toEqual({
      kind: "invalid",
      offset: 7,
      message: "expected a key in double quotes",
    });
  });

  test("accepts and refuses what JSON.parse accepts and refuses, over mutated texts", () => {
    const source =
      '{"model":"gpt-4o","m":[{"role":"user","c":"h\\u00e9llo \\n"}],"t":1.5e-3,"x":[true,false,null,[],{}]}';
    const alphabet = '{}[]",:\\ntrue0123.eE+- u\x01';
    let state = 42;
    const random = (): number => {
      state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
      return state / 0x7fffffff;
    };
    for (let round = 0; round < 20_000; round++) {
      const characters = source.split("");
      for (let edit = 0; edit < 1 + random() * 3; edit++) {
        const at = Math.floor(random() * characters.length);
        const letter = alphabet[Math.floor(random() * alphabet.length)] as string;
        const how = random();
        if (how < 0.33) characters.splice(at, 1);
        else if (how < 0.66) characters.splice(at, 0, letter);
        else characters[at] = letter;
      }
      const text = characters.join("");
      let isObject: boolean;
      try {
        const value: unknown = JSON.parse(text);
        isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      } catch {
        isObject = false;
      }
      expect([text, scanJsonObject(Buffer.from(text), ["model"], 128).kind]).toEqual([
        text,
        isObject ? "object" : "invalid",
      ]);
    }
  });
});
