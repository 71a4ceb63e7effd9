import { expect, test } from "bun:test";
import { readRetryAfter } from "../../src/dialect/retry-after.ts";

test("seconds count, anything else says nothing", () => {
  expect(["0", "20", " 7 "].map(readRetryAfter)).toEqual([0, 20, 7]);
  const others = [null, "", "-1", "1.5", "1e3", "9999999999", "Wed, 21 Oct 2026 07:28:00 GMT"];
  expect(others.map(readRetryAfter)).toEqual(others.map(() => null));
});
