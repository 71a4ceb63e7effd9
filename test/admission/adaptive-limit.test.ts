import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { AdaptiveLimit } from "../../src/admission/adaptive-limit.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };
const BOUNDS = { min: 1, max: 1_000 };

/** mulberry32: small, seeded, the same everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

type Server = {
  readonly seed: number;
  readonly durationMs: number;
  /** Requests it works on at once; the others queue. */
  readonly workers: (nowMs: number) => number;
  /** Mean time of one; exponential. */
  readonly serviceMs: (nowMs: number) => number;
  /** Poisson arrivals; those beyond the limit are turned away. */
  readonly perSecond: number;
  /** Mean time that an answer streams after its first byte. */
  readonly streamMs?: number;
  readonly isDown?: (nowMs: number) => boolean;
};

type Served = { readonly atMs: number; readonly tookMs: number };

/** An M/M/c queue behind a limit, event by event. */
function simulate(
  server: Server,
  limit: AdaptiveLimit | number,
): { served: Served[]; limits: [atMs: number, limit: number][] } {
  const random = seededRandom(server.seed);
  const exponential = (mean: number): number => -Math.log(1 - random()) * mean;
  type Event = { readonly atMs: number; readonly kind: "arrival" | "first-byte" | "end"; readonly fromMs: number };
  const events: Event[] = [];
  const add = (event: Event): void => {
    let index = events.length;
    while (index > 0 && (events[index - 1] as Event).atMs < event.atMs) index--;
    events.splice(index, 0, event);
  };
  const queue: number[] = [];
  const served: Served[] = [];
  const limits: [number, number][] = [];
  let nowMs = 0;
  let inFlight = 0;
  let busy = 0;
  const limitNow = (): number => (typeof limit === "number" ? limit : limit.limit);
  const work = (): void => {
    while (busy < server.workers(nowMs) && queue.length > 0) {
      busy++;
      add({ atMs: nowMs + exponential(server.serviceMs(nowMs)), kind: "first-byte", fromMs: queue.shift() as number });
    }
  };
  add({ atMs: 0, kind: "arrival", fromMs: 0 });
  for (let event = events.pop(); event !== undefined && event.atMs < server.durationMs; event = events.pop()) {
    nowMs = event.atMs;
    switch (event.kind) {
      case "arrival":
        add({ atMs: nowMs + exponential(1_000 / server.perSecond), kind: "arrival", fromMs: 0 });
        limits.push([nowMs, limitNow()]);
        if (inFlight >= limitNow()) break;
        if (server.isDown?.(nowMs) === true) {
          if (typeof limit !== "number") limit.onDrop(nowMs);
          break;
        }
        inFlight++;
        queue.push(nowMs);
        work();
        break;
      case "first-byte":
        busy--;
        served.push({ atMs: nowMs, tookMs: nowMs - event.fromMs });
        if (typeof limit !== "number") limit.onSample(nowMs - event.fromMs, inFlight, nowMs);
        add({ atMs: nowMs + exponential(server.streamMs ?? 0), kind: "end", fromMs: 0 });
        work();
        break;
      case "end":
        inFlight--;
        break;
      default:
        event.kind satisfies never;
    }
  }
  return { served, limits };
}

function within<T extends { readonly atMs: number }>(all: readonly T[], fromMs: number, untilMs: number): readonly T[] {
  return all.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
}

/** Served per second, and the median time, between two moments. */
function measure(served: readonly Served[], fromMs: number, untilMs: number): { perSecond: number; medianMs: number } {
  const times = within(served, fromMs, untilMs)
    .map(({ tookMs }) => tookMs)
    .toSorted((one, other) => one - other);
  return { perSecond: times.length / ((untilMs - fromMs) / 1_000), medianMs: times[times.length >> 1] ?? 0 };
}

function meanLimit(limits: readonly (readonly [number, number])[], fromMs: number, untilMs: number): number {
  const values = limits.filter(([atMs]) => atMs >= fromMs && atMs < untilMs).map(([, limit]) => limit);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const make = (seed: number): AdaptiveLimit => new AdaptiveLimit(BOUNDS, { random: seededRandom(seed + 1_000) });

describe("against a server of 32 workers with half as much again to do", () => {
  const server = (seed: number): Server => ({
    seed,
    durationMs: 120_000,
    workers: () => 32,
    serviceMs: () => 300,
    perSecond: 160,
  });

  test.each([[1], [2], [3], [4], [5]])("comes to rest near its capacity and uses it (seed %p)", (seed) => {
    const { served, limits } = simulate(server(seed), make(seed));
    expect(meanLimit(limits, 30_000, 120_000)).toBeWithin(32 * 0.9, 32 * 1.8);
    // 32 workers of 300 ms serve 106.7 a second.
    expect(measure(served, 30_000, 120_000).perSecond).toBeGreaterThan(106.7 * 0.93);
  });

  test("makes the latency a fraction of what it is without a limit, at the same throughput", () => {
    const free = measure(simulate(server(1), 500).served, 30_000, 120_000);
    const bounded = measure(simulate(server(1), make(1)).served, 30_000, 120_000);
    expect(bounded.medianMs).toBeLessThan(free.medianMs / 2);
    expect(bounded.medianMs).toBeLessThan(500);
    expect(bounded.perSecond).toBeGreaterThan(free.perSecond * 0.93);
  });
});

describe("when the server changes", () => {
  test.each([[1], [2], [3]])("the limit follows its capacity, halved and then doubled twice (seed %p)", (seed) => {
    const workers = (nowMs: number): number => (nowMs < 80_000 ? 32 : nowMs < 160_000 ? 16 : 64);
    const { served, limits } = simulate(
      { seed, durationMs: 260_000, workers, serviceMs: () => 300, perSecond: 300 },
      make(seed),
    );
    for (const [fromMs, untilMs, capacity] of [
      [30_000, 80_000, 32],
      [110_000, 160_000, 16],
      [200_000, 260_000, 64],
    ] as const) {
      expect(meanLimit(limits, fromMs, untilMs)).toBeWithin(capacity * 0.8, capacity * 2);
      const { perSecond, medianMs } = measure(served, fromMs, untilMs);
      expect(perSecond).toBeGreaterThan((capacity / 0.3) * 0.85);
      expect(medianMs).toBeLessThan(500);
    }
  });

  test.each([[1], [2], [3]])("a server that became slower by itself is not throttled for that (seed %p)", (seed) => {
    const serviceMs = (nowMs: number): number => (nowMs < 60_000 ? 300 : 900);
    const { served } = simulate(
      { seed, durationMs: 200_000, workers: () => 32, serviceMs, perSecond: 160 },
      make(seed),
    );
    expect(measure(served, 120_000, 200_000).perSecond).toBeGreaterThan((32 / 0.9) * 0.85);
  });

  test.each([[1], [2], [3]])("it recovers within twenty seconds of an outage (seed %p)", (seed) => {
    const isDown = (nowMs: number): boolean => nowMs >= 40_000 && nowMs < 70_000;
    const { served, limits } = simulate(
      { seed, durationMs: 120_000, workers: () => 32, serviceMs: () => 300, perSecond: 300, isDown },
      make(seed),
    );
    expect(meanLimit(limits, 60_000, 70_000)).toBeLessThan(3);
    expect(measure(served, 90_000, 120_000).perSecond).toBeGreaterThan(106.7 * 0.85);
  });
});

test.each([[1], [2], [3]])("a beginning far above what the server takes is found out (seed %p)", (seed) => {
  const server: Server = { seed, durationMs: 240_000, workers: () => 4, serviceMs: () => 300, perSecond: 20 };
  const { served, limits } = simulate(server, make(seed));
  expect(meanLimit(limits, 120_000, 240_000)).toBeWithin(3, 20);
  expect(measure(served, 120_000, 240_000).perSecond).toBeGreaterThan((4 / 0.3) * 0.9);
});

describe("a probe", () => {
  /** Feeds `samples` of one kind, ten milliseconds apart, and gives the limits met on the way. */
  function feed(
    limit: AdaptiveLimit,
    clock: { nowMs: number },
    samples: number,
    firstByteMs: number,
    inFlight?: number,
  ): number[] {
    const met: number[] = [];
    for (let count = 0; count < samples; count++) {
      clock.nowMs += 10;
      limit.onSample(firstByteMs, inFlight ?? limit.limit, clock.nowMs);
      if (met.at(-1) !== limit.limit) met.push(limit.limit);
    }
    return met;
  }

  /** Feeds until something is so, for twenty minutes at most. */
  function feedUntil(
    limit: AdaptiveLimit,
    clock: { nowMs: number },
    isSo: () => boolean,
    firstByteMs: number,
    inFlight?: number,
  ): void {
    for (let count = 0; !isSo(); count++) {
      if (count === 120_000) throw new Error("it never came to be so");
      feed(limit, clock, 1, firstByteMs, inFlight);
    }
  }

  /** A limit that came to rest in a queue (of 300 ms, where it should be 100), just before its first probe. */
  function atRest(): { limit: AdaptiveLimit; clock: { nowMs: number } } {
    const limit = new AdaptiveLimit({ min: 1, max: 40 }, { random: () => 0.5 });
    const clock = { nowMs: 0 };
    feed(limit, clock, 300, 300);
    expect([limit.limit, limit.baselineMs]).toEqual([40, 300]);
    return { limit, clock };
  }

  test("lowers the limit in two steps, measures what began after that, and gives the limit back", () => {
    const { limit, clock } = atRest();
    const met = feed(limit, clock, 1_400, 300);
    expect(met.slice(0, 3)).toEqual([40, 30, 20]);
    expect(limit.baselineMs).toBe(300);
    const { limit: next, clock: nextClock } = atRest();
    feedUntil(next, nextClock, () => next.limit <= 20, 300);
    // Of before the probe, or with too many in flight still: these say nothing.
    feed(next, nextClock, 150, 5_000, 30);
    expect([next.limit, next.baselineMs]).toEqual([20, 300]);
    feed(next, nextClock, 50, 5_000, 20);
    expect([next.limit, next.baselineMs]).toEqual([20, 300]);
    feed(next, nextClock, 200, 100, 20);
    expect(next.baselineMs).toBe(100);
    expect(next.limit).toBeGreaterThan(20);
  });

  test("that finds much less than before is soon followed by another", () => {
    const { limit, clock } = atRest();
    feedUntil(limit, clock, () => limit.limit <= 20, 300);
    feed(limit, clock, 250, 100, 20);
    expect(limit.baselineMs).toBe(100);
    const fromMs = clock.nowMs;
    feedUntil(limit, clock, () => limit.baselineMs === 90, 90);
    expect(clock.nowMs - fromMs).toBeLessThan(20_000);
    // Within the tolerance, so the next is ten minutes away.
    const againMs = clock.nowMs;
    feedUntil(limit, clock, () => limit.baselineMs !== 90, 85);
    expect(clock.nowMs - againMs).toBeWithin(600_000, 610_000);
  });

  test("comes before the limit falls below half of what it was, and whenever it has trebled", () => {
    const { limit, clock } = atRest();
    feedUntil(limit, clock, () => limit.baselineMs !== 300, 5_000);
    // Never below half, which a probe halves again; and from half it goes on.
    expect([limit.limit, limit.baselineMs]).toEqual([20, 5_000]);
    const growing = make(1);
    growing.onDrop(5_000);
    const met = feed(growing, { nowMs: 5_000 }, 2_000, 100);
    // From 14: the window that leads to 42 and beyond begins the probe, so only three quarters of it are seen.
    const firstFall = met.find((each, index) => each < (met[index - 1] ?? 0)) ?? 0;
    expect(firstFall / 0.75).toBeWithin(41, 56);
  });

  test("that finds no end gives up, and the limit is what it was", () => {
    const { limit, clock } = atRest();
    feedUntil(limit, clock, () => limit.limit <= 20, 300);
    const fromMs = clock.nowMs;
    feedUntil(limit, clock, () => limit.limit !== 20, 300, 40);
    expect(clock.nowMs - fromMs).toBeWithin(60_000, 62_000);
    expect([limit.limit, limit.baselineMs]).toEqual([40, 300]);
  });
});

test("streams, which stay in flight long after their first byte: the limit moves slowly, and nobody is shut out", () => {
  const throughputs: number[] = [];
  for (let seed = 1; seed <= 5; seed++) {
    const workload = { workers: () => 8, serviceMs: () => 500, perSecond: 24, streamMs: 20_000 };
    const { served } = simulate({ seed, durationMs: 600_000, ...workload }, make(seed));
    const { perSecond, medianMs } = measure(served, 150_000, 600_000);
    throughputs.push(perSecond);
    // 40 seconds without a limit.
    expect(medianMs).toBeLessThan(1_500);
    const gaps = served.slice(1).map(({ atMs }, index) => atMs - (served[index]?.atMs ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(15_000);
  }
  // 16 a second is what the server can; the limit is far from its end here, and errs on the low side.
  expect(throughputs.reduce((sum, each) => sum + each, 0) / 5).toBeGreaterThan(16 * 0.45);
});

describe("a limit that is not in use", () => {
  test("does not move, however the latency does", () => {
    const limit = make(1);
    let nowMs = 0;
    const random = seededRandom(1);
    const feed = (inFlight: number, meanMs: number, samples: number): void => {
      for (let count = 0; count < samples; count++) {
        nowMs += 20;
        limit.onSample(meanMs * (0.5 + random()), inFlight, nowMs);
      }
    };
    feed(20, 100, 200);
    const before = limit.limit;
    feed(2, 100, 500);
    feed(2, 5_000, 500);
    feed(2, 10, 1_000);
    expect(limit.limit).toBe(before);
    // What it saw meanwhile is the new normal.
    expect(limit.baselineMs).toBeWithin(9, 12);
  });
});

describe("bounds", () => {
  test("hold at once when they change", () => {
    const limit = make(1);
    expect(limit.limit).toBe(20);
    limit.reconfigure({ min: 1, max: 5 });
    expect(limit.limit).toBe(5);
    limit.reconfigure({ min: 50, max: 60 });
    expect(limit.limit).toBe(50);
    expect(new AdaptiveLimit({ min: 30, max: 100 }, { random: () => 0.5 }).limit).toBe(30);
  });

  test("and good sense survive any samples", () => {
    const number = fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 5_000 }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          0,
          -1,
          1e9,
          1e300,
          Number.NaN,
          Number.POSITIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
          1e-300,
        ),
      },
    );
    const step = fc.record({
      firstByteMs: number,
      inFlight: number,
      afterMs: fc.constantFrom(0, 1, 100, 1_500, 100_000),
      times: fc.integer({ min: 1, max: 120 }),
      isDrop: fc.boolean(),
    });
    const bounds = fc.record({ min: fc.integer({ min: 1, max: 50 }), more: fc.nat(500) });
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 60 }), ({ min, more }, steps) => {
        const limit = new AdaptiveLimit({ min, max: min + more }, { random: seededRandom(7) });
        let nowMs = 0;
        for (const { firstByteMs, inFlight, afterMs, times, isDrop } of steps) {
          for (let count = 0; count < times; count++) {
            nowMs += afterMs;
            if (isDrop) limit.onDrop(nowMs);
            else limit.onSample(firstByteMs, inFlight, nowMs);
          }
          expect(Number.isInteger(limit.limit)).toBe(true);
          expect(limit.limit).toBeWithin(min, min + more + 1);
          expect(limit.baselineMs ?? 1).toBeWithin(1, 600_001);
        }
      }),
      RUNS,
    );
  });

  test("one enormous sample counts like a slow one, no more", () => {
    const lowest = [1, 1e9].map((factor) => {
      const limit = new AdaptiveLimit({ min: 1, max: 40 }, { random: seededRandom(1) });
      let least = Infinity;
      for (let count = 1; count <= 1_000; count++) {
        // As many in flight as it allows; never a queue.
        limit.onSample(count === 500 ? 100 * factor : 100, limit.limit, count * 10);
        if (count > 400) least = Math.min(least, limit.limit);
      }
      return least;
    });
    expect(lowest[1]).toBe(lowest[0] as number);
  });

  test("many refusals in one second lower it once", () => {
    const limit = new AdaptiveLimit({ min: 1, max: 100 }, { random: () => 0.5 });
    for (let count = 0; count < 1_000; count++) limit.onDrop(5_000 + count * 0.9);
    expect(limit.limit).toBe(14);
    limit.onDrop(6_001);
    expect(limit.limit).toBe(9);
  });
});
