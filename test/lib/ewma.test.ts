import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Ewma } from "../../src/lib/ewma.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };
const OPTIONS = { halfLifeMs: 1_000, forgetAfterMs: 10_000 };

describe("a moving average", () => {
  test("knows nothing until it is told", () => {
    expect(new Ewma(OPTIONS).read(0)).toBeNull();
  });

  test("is the mean of samples of one moment", () => {
    const average = new Ewma(OPTIONS);
    for (const value of [10, 20, 60]) average.add(value, 5_000);
    expect(average.read(5_000)).toBe(30);
  });

  test("counts what is one half-life old half as much", () => {
    const average = new Ewma(OPTIONS);
    average.add(30, 0);
    average.add(60, 1_000);
    expect(average.read(1_000)).toBeCloseTo((30 * 0.5 + 60) / 1.5, 12);
  });

  test("stays as it is while nothing comes, then forgets", () => {
    const average = new Ewma(OPTIONS);
    average.add(42, 0);
    expect(average.read(10_000)).toBe(42);
    expect(average.read(10_001)).toBeNull();
    average.add(7, 20_000);
    expect(average.read(20_000)).toBe(7);
  });

  test("follows a level that moved within a few half-lives", () => {
    const average = new Ewma(OPTIONS);
    for (let ms = 0; ms < 10_000; ms += 10) average.add(100, ms);
    for (let ms = 10_000; ms < 15_000; ms += 10) average.add(500, ms);
    // 2^-5 of the old level is left.
    expect(average.read(15_000)).toBeGreaterThan(487);
    expect(average.read(15_000)).toBeLessThan(488);
  });

  test("takes a sample from before the last one as one of its moment", () => {
    const average = new Ewma(OPTIONS);
    average.add(10, 5_000);
    average.add(30, 4_000);
    expect(average.read(5_000)).toBe(20);
    expect([average.read(15_000), average.read(15_001)]).toEqual([20, null]);
  });

  test("leaves out what is no number", () => {
    const average = new Ewma(OPTIONS);
    average.add(Number.NaN, 0);
    average.add(Number.POSITIVE_INFINITY, 0);
    expect(average.read(0)).toBeNull();
    average.add(5, 0);
    average.add(Number.NaN, 1);
    expect(average.read(1)).toBe(5);
  });

  test("lies between the least and the greatest sample, whenever they came, also where the clock stood still or went back", () => {
    const samples = fc.array(
      fc.tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.integer({ min: -500, max: 9_000 })),
      {
        minLength: 1,
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(samples, (given) => {
        const average = new Ewma(OPTIONS);
        let nowMs = 0;
        let latestMs = 0;
        for (const [value, afterMs] of given) {
          nowMs += afterMs;
          latestMs = Math.max(latestMs, nowMs);
          average.add(value, nowMs);
        }
        const values = given.map(([value]) => value);
        const read = average.read(latestMs);
        expect(read).not.toBeNull();
        expect(read).toBeGreaterThanOrEqual(Math.min(...values) * (1 - 1e-9));
        expect(read).toBeLessThanOrEqual(Math.max(...values) * (1 + 1e-9));
      }),
      RUNS,
    );
  });
});
