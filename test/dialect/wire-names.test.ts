import { describe, expect, test } from "bun:test";
import { renameMembers } from "../../src/dialect/wire-names.ts";

describe("a body in the provider's own words", () => {
  test("is the body itself where there are none", () => {
    const body = { top_n: 3 };
    expect(renameMembers(body, {})).toBe(body);
  });

  test("has other names for its members, which may change places", () => {
    expect(renameMembers({ top_n: 3, query: "q" }, { top_n: "top_k" })).toEqual({ top_k: 3, query: "q" });
    expect(renameMembers({ a: 1, b: 2 }, { a: "b", b: "a" })).toEqual({ b: 1, a: 2 });
    expect(renameMembers({ query: "q" }, { top_n: "top_k" })).toEqual({ query: "q" });
  });

  test("has other words for a member's values, and leaves out a value without one", () => {
    const renames = { purpose: "input_type", "purpose=search_query": "query", "purpose=search_document": "document" };
    expect(renameMembers({ purpose: "search_query" }, renames)).toEqual({ input_type: "query" });
    expect(renameMembers({ purpose: "clustering", model: "m" }, renames)).toEqual({ model: "m" });
    expect(renameMembers({ types: ["float", "odd"] }, { "types=float": "f32" })).toEqual({ types: ["f32"] });
    expect(renameMembers({ types: ["odd"] }, { "types=float": "f32" })).toEqual({});
    expect(renameMembers({ count: 3 }, { "count=3": "three" })).toEqual({ count: 3 });
  });
});
