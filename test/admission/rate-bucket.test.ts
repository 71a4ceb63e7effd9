import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RateBucket } from "../../src/admission/rate-bucket.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };

const someStep = fc.oneof(
  fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat(200), fc.nat(120_000)) }),
  fc.record({ kind: fc.constant("try" as const), amount: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.nat(5_000)) }),
);
const someLimit = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1_000_000 }));

describe("a rate bucket", () => {
  test("lets as many through at once as the limit, then one for each share of the minute", () => {
    const bucket = new RateBucket(10, 0);
    for (let count = 0; count < 10; count++) expect(bucket.tryTake(1, 0)).toBe(true);
    expect(bucket.tryTake(1, 0)).toBe(false);
    expect(bucket.untilMs(1, 0)).toBe(6_000);
    expect(bucket.tryTake(1, 5_999)).toBe(false);
    expect(bucket.tryTake(1, 6_000)).toBe(true);
    expect(bucket.tryTake(1, 6_000)).toBe(false);
  });

  test("holds no more than its limit, however long nobody comes", () => {
    const bucket = new RateBucket(10, 0);
    bucket.take(4, 0);
    expect(bucket.remaining(86_400_000)).toBe(10);
    expect(bucket.usedShare(86_400_000)).toBe(0);
  });

  test("takes an amount larger than itself for as much as it holds", () => {
    const bucket = new RateBucket(100, 0);
    expect(bucket.tryTake(250, 0)).toBe(true);
    expect(bucket.remaining(0)).toBe(0);
    expect(bucket.usedShare(0)).toBe(1);
    expect(bucket.tryTake(250, 59_999)).toBe(false);
    expect(bucket.tryTake(250, 60_000)).toBe(true);
    expect(bucket.tryTake(Number.POSITIVE_INFINITY, 120_000)).toBe(true);
  });

  test("owes what was taken beyond what it held, and shows nothing less than nothing", () => {
    const bucket = new RateBucket(60, 0);
    bucket.take(90, 0);
    expect(bucket.remaining(0)).toBe(0);
    expect(bucket.usedShare(0)).toBe(1.5);
    expect(bucket.untilMs(1, 0)).toBe(31_000);
    expect(bucket.resetMs(0)).toBe(90_000);
    expect(bucket.remaining(31_000)).toBeCloseTo(1);
  });

  test("takes back what was not used, never above its limit", () => {
    const bucket = new RateBucket(60, 0);
    bucket.take(50, 0);
    bucket.give(20, 0);
    expect(bucket.remaining(0)).toBe(30);
    bucket.give(1_000, 0);
    expect(bucket.remaining(0)).toBe(60);
  });

  test("keeps what was used under another limit: a higher one gives its difference at once", () => {
    const bucket = new RateBucket(10, 0);
    bucket.take(10, 0);
    bucket.reconfigure(30, 0);
    expect(bucket.perMinute).toBe(30);
    expect(bucket.remaining(0)).toBe(20);
    bucket.reconfigure(5, 0);
    expect(bucket.remaining(0)).toBe(0);
    // Ten were used where five a minute are allowed: the sixth below nothing comes after a minute and its own share.
    expect(bucket.untilMs(1, 0)).toBe(72_000);
  });

  test("neither gains nor loses by a clock that stands still or goes back", () => {
    const bucket = new RateBucket(60, 1_000);
    bucket.take(60, 1_000);
    expect(bucket.remaining(0)).toBe(0);
    expect(bucket.remaining(2_000)).toBe(1);
    expect(bucket.remaining(500)).toBe(1);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("is not made for %p per minute", (limit) => {
    expect(() => new RateBucket(limit, 0)).toThrow(`perMinute should be a finite number above 0, got ${limit}`);
    expect(() => new RateBucket(1, 0).reconfigure(limit, 0)).toThrow(RangeError);
  });

  test("passes at most twice the limit in any 60 s, and the limit on average", () => {
    fc.assert(
      fc.property(someLimit, fc.array(someStep, { maxLength: 80 }), (limit, steps) => {
        const bucket = new RateBucket(limit, 0);
        const passed: { readonly atMs: number; readonly amount: number }[] = [];
        let nowMs = 0;
        for (const step of steps) {
          if (step.kind === "wait") nowMs += step.ms;
          else if (bucket.tryTake(step.amount, nowMs))
            passed.push({ atMs: nowMs, amount: Math.min(step.amount, limit) });
        }
        for (const { atMs: fromMs } of passed) {
          const inWindow = passed.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + 60_000);
          expect(sum(inWindow)).toBeLessThanOrEqual(2 * limit + 1e-3);
        }
        expect(sum(passed)).toBeLessThanOrEqual(limit * (1 + nowMs / 60_000) + 1e-3);
      }),
      RUNS,
    );
  });

  test("lets in who waited as long as it was told, and nobody a millisecond earlier", () => {
    fc.assert(
      fc.property(someLimit, fc.array(someStep, { maxLength: 40 }), fc.nat(5_000), (limit, steps, amount) => {
        const bucket = new RateBucket(limit, 0);
        let nowMs = 0.25;
        for (const step of steps) {
          if (step.kind === "wait") nowMs += step.ms;
          else bucket.tryTake(step.amount, nowMs);
        }
        const waitMs = bucket.untilMs(amount, nowMs);
        expect(waitMs).toBeLessThanOrEqual(60_000);
        if (waitMs > 1) expect(bucket.holds(amount, nowMs + waitMs - 1.001)).toBe(false);
        expect(bucket.tryTake(amount, nowMs + waitMs)).toBe(true);
      }),
      RUNS,
    );
  });
});

function sum(passed: readonly { readonly amount: number }[]): number {
  return passed.reduce((total, { amount }) => total + amount, 0);
}
