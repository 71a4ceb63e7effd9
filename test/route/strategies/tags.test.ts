import { describe, expect, test } from "bun:test";
import { keepTagged } from "../../../src/route/strategies/tags.ts";
import { makeCandidate, makeContext, makeFacts } from "./candidates.ts";

const CANDIDATES = [
  makeCandidate({ id: "eu", tags: ["eu"] }),
  makeCandidate({ id: "us", tags: ["us"] }),
  makeCandidate({ id: "eu-batch", tags: ["eu", "batch"] }),
  makeCandidate({ id: "free", tags: [] }),
];

function keep(match: "any" | "all", tags: readonly string[], keyTags: readonly string[]): readonly string[] {
  const rule = keepTagged({ name: "tags", default: [], match });
  return rule(CANDIDATES, makeFacts({ tags, keyTags }), makeContext()).map(({ deployment }) => deployment.id);
}

describe("a key's tags", () => {
  test("hold by themselves", () => {
    for (const match of ["any", "all"] as const) expect(keep(match, ["eu"], ["eu"])).toEqual(["eu", "eu-batch"]);
  });

  test("are narrowed by what the caller adds, and never widened", () => {
    for (const match of ["any", "all"] as const) {
      expect(keep(match, ["eu", "batch"], ["eu"])).toEqual(["eu-batch"]);
      expect(keep(match, ["eu", "us"], ["eu"])).toEqual([]);
    }
  });

  test("a caller without a key's chooses by its own", () => {
    expect(keep("any", ["us", "batch"], [])).toEqual(["us", "eu-batch"]);
    expect(keep("all", ["us", "batch"], [])).toEqual([]);
    expect(keep("any", [], [])).toEqual(["free"]);
  });
});
