import { describe, expect, test } from "bun:test";
import { encodeVector } from "../../src/dialect/embedding-encodings.ts";

describe("an embedding's encoding", () => {
  test("is the provider's own where it gave it", () => {
    expect(encodeVector({ float: [1], int8: [7] }, "int8")).toEqual([7]);
  });

  test("is made of floats as base64, and of base64 as floats", () => {
    // 1, -0.5 and 0.25 in little-endian float32.
    const base64 = Buffer.from("0000803f000000bf0000803e", "hex").toString("base64");
    expect(encodeVector({ float: [1, -0.5, 0.25] }, "base64")).toBe(base64);
    expect(encodeVector({ base64 }, "float")).toEqual([1, -0.5, 0.25]);
  });

  test("is not made up where only the provider can quantise", () => {
    expect(() => encodeVector({ float: [1] }, "int8")).toThrow("no embedding of type int8");
  });
});
