import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RetryBudget } from "../../src/route/retry-budget.ts";

const RUNS = Number(process.env["FUZZ_COUNT"] ?? 200);
const DEFAULT = { share: 0.2, minPerSecond: 10 };

/** Requests at a steady rate, each of them failing for ever and asking for as many retries as it can get. */
function outage(
  budget: RetryBudget,
  { perSecond, seconds, fromMs = 0 }: { perSecond: number; seconds: number; fromMs?: number },
) {
  let attempts = 0;
  const requests = perSecond * seconds;
  for (let request = 0; request < requests; request++) {
    const nowMs = fromMs + (request * 1_000) / perSecond;
    budget.onRequest(nowMs);
    attempts++;
    while (attempts < requests * 3 && budget.tryRetry(nowMs)) attempts++;
  }
  return { requests, attempts };
}

describe("with everything down", () => {
  test("500 requests a second for 30 s make at most 1.2 × as many attempts", () => {
    const { requests, attempts } = outage(new RetryBudget(DEFAULT, 0), { perSecond: 500, seconds: 30 });
    expect(attempts / requests).toBeLessThanOrEqual(1.2);
    // And the budget is used: it does not forbid retries altogether.
    expect(attempts / requests).toBeGreaterThan(1.19);
  });

  test("also when all was well before, so that nothing of the window is used yet", () => {
    const budget = new RetryBudget(DEFAULT, 0);
    for (let ms = 0; ms < 60_000; ms += 2) budget.onRequest(ms);
    const { requests, attempts } = outage(budget, { perSecond: 500, seconds: 30, fromMs: 60_000 });
    expect(attempts / requests).toBeLessThanOrEqual(1.2);
  });
});

describe("where hardly anybody asks", () => {
  test("one request a minute can be tried again", () => {
    const budget = new RetryBudget(DEFAULT, 0);
    for (let minute = 0; minute < 60; minute++) {
      const nowMs = minute * 60_000;
      budget.onRequest(nowMs);
      expect([budget.tryRetry(nowMs), budget.tryRetry(nowMs + 500)]).toEqual([true, true]);
    }
  });

  test("a minimum of nothing leaves the share alone: the fifth request earns one", () => {
    const budget = new RetryBudget({ share: 0.2, minPerSecond: 0 }, 0);
    const given: boolean[] = [];
    for (let request = 0; request < 10; request++) {
      budget.onRequest(request);
      given.push(budget.tryRetry(request));
    }
    expect(given.flatMap((isGiven, request) => (isGiven ? [request] : []))).toEqual([4, 9]);
  });
});

describe("the window", () => {
  test("forgets after ten seconds, second by second", () => {
    const budget = new RetryBudget({ share: 0, minPerSecond: 0.3 }, 0);
    expect([0, 100, 4_500, 4_600].map((ms) => budget.tryRetry(ms))).toEqual([true, true, true, false]);
    expect([9_999, 10_000, 10_001, 10_002].map((ms) => budget.tryRetry(ms))).toEqual([false, true, true, false]);
    expect([14_500, 14_600].map((ms) => budget.tryRetry(ms))).toEqual([true, false]);
  });

  test("is empty after a long time without anybody", () => {
    const budget = new RetryBudget({ share: 1, minPerSecond: 0 }, 5);
    budget.onRequest(5);
    expect(budget.tryRetry(3_600_000)).toBe(false);
    budget.onRequest(3_600_000);
    expect([budget.tryRetry(3_600_001), budget.tryRetry(3_600_002)]).toEqual([true, false]);
  });

  test("holds over any ten seconds of any traffic", () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 3_000 }),
      what: fc.constantFrom("request", "retry", "give back"),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(0, 0.1, 0.5),
        (steps, share, minPerSecond) => {
          const budget = new RetryBudget({ share, minPerSecond }, 0);
          const requests: number[] = [];
          const retries: number[] = [];
          let nowMs = 0;
          for (const { afterMs, what } of steps) {
            nowMs += afterMs;
            // The running second and the nine before it.
            const isSeen = (atMs: number): boolean => Math.floor(atMs / 1_000) > Math.floor(nowMs / 1_000) - 10;
            if (what === "request") {
              budget.onRequest(nowMs);
              requests.push(nowMs);
            } else if (what === "retry") {
              const allowed = Math.max(share * requests.filter(isSeen).length, minPerSecond * 10);
              const isExpected = retries.filter(isSeen).length + 1 <= allowed + 1e-9;
              expect(budget.tryRetry(nowMs)).toBe(isExpected);
              if (isExpected) retries.push(nowMs);
            } else {
              budget.giveBack(nowMs);
              const last = retries.at(-1);
              if (last !== undefined && Math.floor(last / 1_000) === Math.floor(nowMs / 1_000)) retries.pop();
            }
          }
        },
      ),
      { seed: 42, numRuns: RUNS },
    );
  });
});

describe("reload", () => {
  test("new numbers hold at once, for what was counted before", () => {
    const budget = new RetryBudget({ share: 0, minPerSecond: 0.1 }, 0);
    expect([budget.tryRetry(0), budget.tryRetry(0)]).toEqual([true, false]);
    budget.reconfigure({ share: 0, minPerSecond: 0.2 });
    expect([budget.tryRetry(0), budget.tryRetry(0)]).toEqual([true, false]);
  });
});
