import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FirstByteTimes, HedgeControl } from "../../src/route/hedging.ts";

const RUNS = Number(process.env["FUZZ_COUNT"] ?? 200);
const SETTINGS = { after: "p95", maxExtra: 0.05 } as const;

/** Minimal standard generator, so that every run is the same. */
function makeRandom(seed = 7): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

describe("extra requests", () => {
  test("are never more than the share of the requests, whatever comes when", () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 30_000 }),
      requests: fc.integer({ min: 0, max: 40 }),
      asked: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, maxExtra) => {
        const control = new HedgeControl();
        const settings = { after: 100, maxExtra };
        let [nowMs, requests, extra] = [0, 0, 0];
        for (const { afterMs, requests: more, asked } of steps) {
          nowMs += afterMs;
          for (let each = 0; each < more; each++) control.onRequest(nowMs);
          requests += more;
          for (let each = 0; each < asked; each++) if (control.tryHedge(settings, nowMs)) extra++;
          expect(extra).toBeLessThanOrEqual(maxExtra * requests + 1e-6);
        }
      }),
      { seed: 42, numRuns: RUNS },
    );
  });

  test("of a quiet service: every twentieth request with 5 %, however long that takes", () => {
    const control = new HedgeControl();
    const hedged: number[] = [];
    for (let request = 1; request <= 60; request++) {
      const nowMs = request * 600_000;
      control.onRequest(nowMs);
      if (control.tryHedge(SETTINGS, nowMs)) hedged.push(request);
    }
    expect(hedged).toEqual([20, 40, 60]);
  });

  test("that were saved up are at most the share of the last two minutes", () => {
    const control = new HedgeControl();
    for (let ms = 0; ms < 3_600_000; ms += 100) control.onRequest(ms);
    let extra = 0;
    while (control.tryHedge(SETTINGS, 3_600_000)) extra++;
    // 600 a minute: the last one and the one that has just begun.
    expect(extra).toBe(30);
  });

  test("are none where the share is 0", () => {
    const control = new HedgeControl();
    for (let ms = 0; ms < 10_000; ms++) control.onRequest(ms);
    expect(control.tryHedge({ after: 100, maxExtra: 0 }, 10_000)).toBe(false);
  });
});

describe("the wait before one", () => {
  test("is what the config says, or the 95th percentile, the deployment's own before the group's", () => {
    const control = new HedgeControl();
    expect(control.delayMs({ after: 2_000, maxExtra: 0.05 })).toBe(2_000);
    expect(control.delayMs(SETTINGS)).toBeNull();
    expect(control.delayMs(SETTINGS, 350)).toBe(350);
    for (let answer = 0; answer < 19; answer++) control.observe(100);
    expect(control.delayMs(SETTINGS)).toBeNull();
    control.observe(100);
    expect(control.delayMs(SETTINGS)).toBeGreaterThanOrEqual(100);
    expect(control.delayMs(SETTINGS)).toBeLessThan(116);
  });

  test("of the 95th percentile is right within 15 %, for any spread of times", () => {
    const random = makeRandom();
    for (const draw of [
      () => 200 + 800 * random(),
      () => 50 * Math.exp(3 * random()),
      () => (random() < 0.9 ? 100 : 5_000),
    ]) {
      const times = new FirstByteTimes();
      const seen: number[] = [];
      for (let answer = 0; answer < 4_000; answer++) {
        const ms = draw();
        times.observe(ms);
        if (answer >= 2_000) seen.push(ms);
      }
      const exact = seen.toSorted((one, other) => one - other)[Math.floor(seen.length * 0.95)] as number;
      expect((times.p95Ms ?? 0) / exact).toBeGreaterThan(0.87);
      expect((times.p95Ms ?? 0) / exact).toBeLessThan(1.2);
    }
  });

  test("follows a deployment that has become slower, and forgets a bad hour", () => {
    const times = new FirstByteTimes();
    for (let answer = 0; answer < 5_000; answer++) times.observe(100);
    for (let answer = 0; answer < 600; answer++) times.observe(2_000);
    expect(times.p95Ms).toBeGreaterThan(1_900);
    for (let answer = 0; answer < 5_000; answer++) times.observe(100);
    expect(times.p95Ms).toBeLessThan(116);
  });

  test("stays right after a million answers, and for times out of all bounds", () => {
    const times = new FirstByteTimes();
    for (let answer = 0; answer < 1_000_000; answer++) times.observe(300);
    expect(times.p95Ms).toBeGreaterThanOrEqual(300);
    expect(times.p95Ms).toBeLessThan(346);
    const odd = new FirstByteTimes();
    for (const ms of [0, -1, 1e12, Number.MIN_VALUE]) for (let answer = 0; answer < 10; answer++) odd.observe(ms);
    expect(Number.isFinite(odd.p95Ms ?? Number.NaN)).toBe(true);
  });
});
