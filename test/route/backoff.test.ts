import { describe, expect, test } from "bun:test";
import { backoffMs } from "../../src/route/backoff.ts";
import { BASE_POLICY } from "./course-world.ts";

const RETRY = { ...BASE_POLICY.retry, backoff: { baseMs: 100, maxMs: 1_500 }, maxRetryAfterMs: 5_000 };
const almostOne = () => 1 - 2 ** -40;

describe("the wait before going back to one that failed", () => {
  test("is anything between nothing and base × 2^n, at most the maximum", () => {
    const most = [1, 2, 3, 4, 5, 6, 1_000].map((failures) => backoffMs(RETRY, failures, 0, almostOne));
    expect(most).toEqual([100, 200, 400, 800, 1_500, 1_500, 1_500]);
    expect(backoffMs(RETRY, 3, 0, () => 0)).toBe(0);
    expect(backoffMs(RETRY, 3, 0, () => 0.5)).toBe(200);
  });

  test("begins when the provider said, and is spread after that", () => {
    expect(backoffMs(RETRY, 1, 2_000, () => 0)).toBe(2_000);
    expect(backoffMs(RETRY, 1, 2_000, almostOne)).toBe(2_100);
    expect(backoffMs(RETRY, 1, -50, () => 0)).toBe(0);
  });

  test("is none where the provider said longer than it is worth", () => {
    expect(backoffMs(RETRY, 1, 5_000, () => 0)).toBe(5_000);
    expect(backoffMs(RETRY, 1, 5_001, () => 0)).toBeNull();
  });
});
