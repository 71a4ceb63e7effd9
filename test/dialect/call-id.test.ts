import { expect, test } from "bun:test";
import { makeCallId } from "../../src/dialect/call-id.ts";

test("ids of calls have the form that other APIs take, and no two are the same", () => {
  const ids = Array.from({ length: 1_000 }, makeCallId);
  for (const id of ids) expect(id).toMatch(/^call_[0-9a-f]{24}$/);
  expect(new Set(ids).size).toBe(ids.length);
});
