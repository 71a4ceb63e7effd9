import { describe, expect, test } from "bun:test";
import { tagsOf } from "../../src/auth/request-tags.ts";
import { GatewayError } from "../../src/errors.ts";
import { type Key, NO_LIMITS } from "../../src/policy.ts";

function keyWith(...tags: readonly string[]): Key {
  return {
    name: "shop",
    sha256: "",
    models: null,
    limits: NO_LIMITS,
    tags,
    team: null,
    maxPriority: "high",
    mayDebug: false,
  };
}

describe("the tags of a request", () => {
  test("are its key's, those of its header and those of its metadata, each once", () => {
    expect(tagsOf("us, gpu,, eu ", keyWith("eu", "shop"), ["gpu", "cheap"])).toEqual([
      "eu",
      "shop",
      "us",
      "gpu",
      "cheap",
    ]);
    expect(tagsOf(null, null, "a, b")).toEqual(["a", "b"]);
    expect(tagsOf("a", null)).toEqual(["a"]);
  });

  test("are the key's own list where a request adds nothing", () => {
    const key = keyWith("eu");
    expect(tagsOf(null, key)).toBe(key.tags);
    expect(tagsOf(" eu ", key)).toBe(key.tags);
    expect(tagsOf(null, null)).toEqual([]);
    expect(tagsOf(null, null)).toBe(tagsOf("", null, { tags: 5 }));
  });

  test("may be anything in metadata: what is no text is left out", () => {
    expect(tagsOf(null, null, ["a", 5, null, ["b"], { c: "d" }])).toEqual(["a"]);
    expect(tagsOf(null, null, undefined)).toEqual([]);
  });

  test("are at most 20 of 64 characters beside the key's own", () => {
    const twenty = Array.from({ length: 20 }, (_, at) => `t${at}`);
    expect(tagsOf(twenty.join(), keyWith("own"))).toHaveLength(21);
    expect(() => tagsOf([...twenty, "more"].join(), null)).toThrow("should hold at most 20 tags, got 21");
    expect(() => tagsOf("more", null, twenty)).toThrow(GatewayError);
    expect(tagsOf("x".repeat(64), null)).toHaveLength(1);
    expect(() => tagsOf("x".repeat(65), null)).toThrow(
      "x-llmux-tags should hold tags of at most 64 characters, got one of 65.",
    );
    expect(() => tagsOf(null, null, ["x".repeat(65)])).toThrow("metadata.tags should hold");
  });
});
