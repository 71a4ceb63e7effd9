import { expect, test } from "bun:test";
import { findNearest, measureEditDistance, suggest } from "../../src/config/nearest.ts";

test.each([
  ["", "", 0],
  ["abc", "abc", 0],
  ["abc", "abd", 1],
  ["abc", "ab", 1],
  ["ab", "ba", 1],
  ["kitten", "sitting", 3],
  ["", "abc", 3],
])("from '%s' to '%s' it is %d edits", (a, b, distance) => {
  expect(measureEditDistance(a, b)).toBe(distance);
});

test("finds the nearest of several", () => {
  expect(findNearest("timeuot", ["time", "timeout", "timeouts"])).toBe("timeout");
  expect(findNearest("MODELS", ["models"])).toBe("models");
});

test("says nothing when nothing is near", () => {
  expect(findNearest("colour", ["level", "format"])).toBeNull();
  expect(suggest("colour", ["level"])).toBe("");
  expect(suggest("levle", ["level"])).toBe('; did you mean "level"?');
});

test("does not compare words without end", () => {
  expect(findNearest("x".repeat(1_000_000), ["x"])).toBeNull();
});
