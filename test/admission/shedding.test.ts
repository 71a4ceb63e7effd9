import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { OverloadSampler, SAMPLE_EVERY_MS } from "../../src/admission/overload-sampler.ts";
import { type LoadSample, MAX_SHED_SHARE, RELEASE_MS, Shedding } from "../../src/admission/shedding.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { PRIORITIES, type SheddingSettings } from "../../src/policy.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };
const SETTINGS: SheddingSettings = { memoryShare: 0.8, loopDelayMs: 100 };

/** A sample of so much of 1,000 bytes, and so late. */
function sample(memoryBytes: number, loopDelayMs = 0): LoadSample {
  return { memoryBytes, memoryLimitBytes: 1_000, loopDelayMs };
}

const sharesOf = (shedding: Shedding): number[] => PRIORITIES.map((priority) => shedding.shedShareOf(priority));

/** Feeds a steady signal for a while. */
function feed(shedding: Shedding, given: LoadSample, fromMs: number, samples = 40): number {
  let nowMs = fromMs;
  for (let count = 0; count < samples; count++) {
    nowMs += SAMPLE_EVERY_MS;
    shedding.observe(given, nowMs);
  }
  return nowMs;
}

describe("shedding by memory", () => {
  test.each([
    [799, [0, 0, 0]],
    [832, [0, 0, 0.5]],
    [864, [0, 0, 1]],
    [896, [0, 0.5, 1]],
    [928, [0, 1, 1]],
    [944, [0.5, 1, 1]],
    [960, [1, 1, 1]],
    [1_200, [1, 1, 1]],
  ])("at %p of 1,000 bytes refuses these shares of high, normal and low: %p", (bytes, shares) => {
    const shedding = new Shedding(SETTINGS);
    feed(shedding, sample(bytes), 0);
    sharesOf(shedding).forEach((share, index) => expect(share).toBeCloseTo((shares[index] ?? 0) * MAX_SHED_SHARE, 6));
  });

  test("goes by the first sample where memory jumps close to the limit, and still lets a trickle through", () => {
    const shedding = new Shedding(SETTINGS);
    shedding.observe(sample(300), 0);
    shedding.observe(sample(970), 250);
    let at = 0;
    const random = (): number => (at++ % 1_000) / 1_000;
    const admitted = Array.from({ length: 1_000 }, () => shedding.admits("high", random)).filter(Boolean).length;
    expect(admitted).toBe(20);
    expect(shedding.retryAfterSeconds).toBe(5);
  });

  test("ends slowly and all the way: within the release time after memory is free again", () => {
    const shedding = new Shedding(SETTINGS);
    feed(shedding, sample(970), 0, 4);
    expect(shedding.pressure).toBe(1);
    let nowMs = feed(shedding, sample(300), 1_000, 10);
    expect(shedding.pressure).toBeCloseTo(0.5, 6);
    expect(shedding.retryAfterSeconds).toBe(3);
    nowMs = feed(shedding, sample(300), nowMs, (RELEASE_MS / SAMPLE_EVERY_MS) * 0.5);
    expect(shedding.pressure).toBeCloseTo(0, 6);
    feed(shedding, sample(300), nowMs, 1);
    expect(sharesOf(shedding)).toEqual([0, 0, 0]);
    expect(shedding.retryAfterSeconds).toBe(1);
  });

  test("does not flap about the threshold: once begun it lasts until the signal is a tenth below", () => {
    const shedding = new Shedding(SETTINGS);
    let nowMs = 0;
    let changes = 0;
    let before = false;
    for (let count = 0; count < 400; count++) {
      nowMs += SAMPLE_EVERY_MS;
      shedding.observe(sample(count % 2 === 0 ? 805 : 740), nowMs);
      const isShedding = shedding.pressure > 0;
      if (isShedding !== before) changes++;
      before = isShedding;
    }
    expect(changes).toBe(1);
    feed(shedding, sample(730), nowMs);
    expect(shedding.pressure).toBeGreaterThan(0);
    feed(shedding, sample(719), nowMs + 20_000);
    expect(shedding.pressure).toBe(0);
    feed(shedding, sample(790), nowMs + 40_000);
    expect(shedding.pressure).toBe(0);
  });
});

describe("shedding by the event loop's delay", () => {
  test("pays no heed to one late timer, and sheds while they stay late", () => {
    const shedding = new Shedding(SETTINGS);
    feed(shedding, sample(0, 1), 0, 10);
    shedding.observe(sample(0, 250), 2_800);
    expect(shedding.pressure).toBe(0);
    feed(shedding, sample(0, 1), 2_800, 10);
    feed(shedding, sample(0, 250), 6_000, 20);
    expect(shedding.pressure).toBeCloseTo(0.5, 1);
    expect(sharesOf(shedding)[2]).toBeCloseTo(MAX_SHED_SHARE, 6);
    feed(shedding, sample(0, 1), 12_000);
    expect(shedding.pressure).toBe(0);
  });

  test("sheds a little after one enormous pause, not everything", () => {
    const shedding = new Shedding(SETTINGS);
    shedding.observe(sample(0, 60_000), 60_000);
    expect(shedding.pressure).toBeLessThan(0.1);
    expect(shedding.shedShareOf("normal")).toBe(0);
  });

  test("forgets what it knew before a pause without traffic", () => {
    const shedding = new Shedding({ memoryShare: null, loopDelayMs: 100 });
    feed(shedding, sample(0, 110), 0, 40);
    expect(shedding.pressure).toBeGreaterThan(0);
    shedding.observe(sample(0, 110), 100_000);
    expect(shedding.pressure).toBe(0);
  });
});

describe("shedding that is not asked for", () => {
  test("refuses nobody: each signal alone can be off", () => {
    const none = new Shedding({ memoryShare: null, loopDelayMs: null });
    feed(none, sample(2_000, 10_000), 0);
    expect([none.isEnabled, none.pressure]).toEqual([false, 0]);
    expect(none.admits("low", () => 0)).toBe(true);
    const memory = new Shedding({ memoryShare: 0.8, loopDelayMs: null });
    feed(memory, sample(0, 10_000), 0);
    expect([memory.isEnabled, memory.pressure]).toEqual([true, 0]);
    const delay = new Shedding({ memoryShare: null, loopDelayMs: 10 });
    feed(delay, sample(5_000, 0), 0);
    expect([delay.isEnabled, delay.pressure]).toEqual([true, 0]);
  });

  test("takes new thresholds with the next sample", () => {
    const shedding = new Shedding(SETTINGS);
    const nowMs = feed(shedding, sample(700), 0);
    shedding.reconfigure({ memoryShare: 0.5, loopDelayMs: null });
    shedding.observe(sample(700), nowMs + 250);
    expect(shedding.pressure).toBeCloseTo(0.5, 6);
  });

  test.each([
    [{ memoryBytes: Number.NaN, memoryLimitBytes: 1_000, loopDelayMs: Number.NaN }],
    [{ memoryBytes: 999, memoryLimitBytes: null, loopDelayMs: 0 }],
    [{ memoryBytes: 999, memoryLimitBytes: 0, loopDelayMs: -5 }],
  ])("sheds nothing by what was not measured: %p", (given) => {
    const shedding = new Shedding(SETTINGS);
    feed(shedding, given, 0);
    expect(shedding.pressure).toBe(0);
    feed(shedding, sample(970), 20_000);
    expect(shedding.pressure).toBe(1);
  });
});

describe("in any run of samples", () => {
  const settings = fc.record({
    memoryShare: fc.option(fc.double({ min: 0.01, max: 1, noNaN: true })),
    loopDelayMs: fc.option(fc.integer({ min: 1, max: 1_000 })),
  });
  const hostile = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 1_100 }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, 0, -1, 1e9, Number.POSITIVE_INFINITY) },
  );
  const step = fc.record({ bytes: hostile, delayMs: hostile, afterMs: fc.integer({ min: 0, max: 8_000 }) });

  test("shares stay within 0 and the bound, and the less urgent class is never better off", () => {
    fc.assert(
      fc.property(settings, fc.array(step, { maxLength: 60 }), (given, steps) => {
        const shedding = new Shedding(given);
        let nowMs = 0;
        for (const { bytes, delayMs, afterMs } of steps) {
          nowMs += afterMs;
          shedding.observe(sample(bytes, delayMs), nowMs);
          const [high = -1, normal = -1, low = -1] = sharesOf(shedding);
          expect(high).toBeGreaterThanOrEqual(0);
          expect(normal).toBeGreaterThanOrEqual(high);
          expect(low).toBeGreaterThanOrEqual(normal);
          expect(low).toBeLessThanOrEqual(MAX_SHED_SHARE);
          expect(shedding.retryAfterSeconds).toBeWithin(1, 6);
        }
      }),
      RUNS,
    );
  });

  test("more load never means that less is shed", () => {
    const pair = fc.record({
      bytes: fc.nat(1_100),
      moreBytes: fc.nat(300),
      delayMs: fc.nat(1_000),
      moreDelayMs: fc.nat(1_000),
      afterMs: fc.integer({ min: 0, max: 8_000 }),
    });
    fc.assert(
      fc.property(settings, fc.array(pair, { maxLength: 60 }), (given, steps) => {
        const less = new Shedding(given);
        const more = new Shedding(given);
        let nowMs = 0;
        for (const { bytes, moreBytes, delayMs, moreDelayMs, afterMs } of steps) {
          nowMs += afterMs;
          less.observe(sample(bytes, delayMs), nowMs);
          more.observe(sample(bytes + moreBytes, delayMs + moreDelayMs), nowMs);
          expect(more.pressure).toBeGreaterThanOrEqual(less.pressure);
          for (const priority of PRIORITIES) {
            expect(more.shedShareOf(priority)).toBeGreaterThanOrEqual(less.shedShareOf(priority));
          }
        }
      }),
      RUNS,
    );
  });
});

describe("the sampler", () => {
  /** A clock whose timers come late by `lateMs`, as they do in a busy loop. */
  function setUp() {
    const clock = new SimulatedClock();
    const taken: (LoadSample & { readonly atMs: number })[] = [];
    const loop = { lateMs: 0 };
    const sampler = new OverloadSampler({
      schedule: (delayMs, run) => clock.schedule(delayMs + loop.lateMs, run),
      clock: () => clock.nowMs(),
      readMemoryBytes: () => 123,
      readMemoryLimitBytes: () => 456,
      onSample: (each, atMs) => taken.push({ ...each, atMs }),
    });
    return { clock, taken, loop, sampler };
  }

  test("looks at once when the first exchange opens, then four times a second, and no more once the last has ended", () => {
    const { clock, taken, sampler } = setUp();
    clock.advance(10_000);
    expect(taken).toEqual([]);
    sampler.start();
    sampler.start();
    clock.advance(1_000);
    expect(taken.map(({ atMs }) => atMs)).toEqual([10_000, 10_250, 10_500, 10_750, 11_000]);
    expect(taken[0]).toEqual({ memoryBytes: 123, memoryLimitBytes: 456, loopDelayMs: 0, atMs: 10_000 });
    sampler.stop();
    clock.advance(SAMPLE_EVERY_MS);
    expect(clock.pending).toBe(0);
    clock.advance(10_000);
    expect(taken).toHaveLength(5);
  });

  test("tells how late its own timer came", () => {
    const { clock, taken, loop, sampler } = setUp();
    sampler.start();
    loop.lateMs = 40;
    clock.advance(250);
    clock.advance(290);
    expect(taken.map(({ loopDelayMs }) => loopDelayMs)).toEqual([0, 0, 40]);
  });

  test("costs traffic of one request at a time no look per request", () => {
    const { clock, taken, sampler } = setUp();
    for (let ms = 0; ms < 1_000; ms++) {
      sampler.start();
      expect(clock.pending).toBe(1);
      clock.advance(0.5);
      sampler.stop();
      clock.advance(0.5);
    }
    expect(taken.length).toBeLessThanOrEqual(5);
  });

  test("leaves no timer when it is closed", () => {
    const { clock, taken, sampler } = setUp();
    sampler.start();
    sampler.close();
    expect(clock.pending).toBe(0);
    sampler.start();
    expect(taken).toHaveLength(1);
    expect(clock.pending).toBe(1);
    sampler.close();
  });
});
