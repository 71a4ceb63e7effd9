import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SlidingWindow } from "../../src/lib/sliding-window.ts";

const numRuns = Number(process.env["FUZZ_COUNT"] ?? 300);

describe("a sliding window", () => {
  test("forgets a tenth at a time, the oldest first", () => {
    const window = new SlidingWindow(1_000);
    for (let atMs = 0; atMs < 1_000; atMs += 100) window.count(true, atMs);
    expect([window.total, window.failures]).toEqual([10, 10]);
    window.count(false, 1_000);
    expect([window.total, window.failures]).toEqual([10, 9]);
    window.count(false, 1_399);
    expect([window.total, window.failures]).toEqual([8, 6]);
    window.count(false, 60_000);
    expect([window.total, window.failures]).toEqual([1, 0]);
  });

  test("takes what a clock that went back tells as of its newest time", () => {
    const window = new SlidingWindow(1_000);
    window.count(true, 5_000);
    window.count(true, 100);
    window.count(false, 5_999);
    expect([window.total, window.failures]).toEqual([3, 2]);
  });

  test("counts what a list of all that happened would count", () => {
    const event = fc.record({ afterMs: fc.nat(700), isFailure: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: -5_000, max: 5_000 }), fc.array(event, { maxLength: 200 }), (startMs, events) => {
        const window = new SlidingWindow(1_000);
        const all: { readonly atMs: number; readonly isFailure: boolean }[] = [];
        let nowMs = startMs;
        for (const { afterMs, isFailure } of events) {
          nowMs += afterMs;
          window.count(isFailure, nowMs);
          all.push({ atMs: nowMs, isFailure });
          const seen = all.filter(({ atMs }) => Math.floor(atMs / 100) > Math.floor(nowMs / 100) - 10);
          expect(window.total).toBe(seen.length);
          expect(window.failures).toBe(seen.filter((one) => one.isFailure).length);
          // What it remembers is never older than the window, and never misses what is younger than nine tenths of it.
          expect(seen.every(({ atMs }) => atMs > nowMs - 1_000)).toBe(true);
          expect(seen.length).toBeGreaterThanOrEqual(all.filter(({ atMs }) => atMs > nowMs - 900).length);
        }
      }),
      { seed: 42, numRuns },
    );
  });

  test("keeps ages when its length changes, and drops what is too old for the new one", () => {
    const window = new SlidingWindow(10_000);
    window.count(true, 0);
    window.count(true, 7_000);
    window.count(true, 8_000);
    window.count(false, 9_500);
    window.resize(2_000);
    expect([window.total, window.failures]).toEqual([2, 1]);
    window.count(false, 9_999);
    expect([window.total, window.failures]).toEqual([3, 1]);
    window.count(false, 10_200);
    expect([window.total, window.failures]).toEqual([3, 0]);
    window.resize(60_000);
    expect(window.total).toBe(3);
    window.count(false, 66_000);
    expect(window.total).toBe(1);
  });

  test("loses nothing that is young enough, whatever lengths it is given one after the other", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("count" as const), afterMs: fc.nat(500), isFailure: fc.boolean() }),
      fc.record({ kind: fc.constant("resize" as const), windowMs: fc.integer({ min: 10, max: 20_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const window = new SlidingWindow(5_000);
        let [nowMs, count, failures] = [0, 0, 0];
        for (const one of steps) {
          if (one.kind === "resize") window.resize(one.windowMs);
          else {
            nowMs += one.afterMs;
            count++;
            if (one.isFailure) failures++;
            window.count(one.isFailure, nowMs);
            expect(window.total).toBeGreaterThanOrEqual(1);
          }
          expect(window.total).toBeLessThanOrEqual(count);
          expect(window.failures).toBeLessThanOrEqual(Math.min(failures, window.total));
          expect(window.failures).toBeGreaterThanOrEqual(0);
        }
      }),
      { seed: 42, numRuns },
    );
  });
});
