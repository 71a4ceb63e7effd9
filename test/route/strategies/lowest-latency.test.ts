import { describe, expect, test } from "bun:test";
import { Ewma } from "../../../src/lib/ewma.ts";
import type { StrategySettings } from "../../../src/policy.ts";
import { EXPLORED_SHARE } from "../../../src/route/strategies/lowest-latency.ts";
import { makeStrategy } from "../../../src/route/strategies/make-strategy.ts";
import { Trace } from "../../../src/route/trace.ts";
import { Random } from "../../instruments/random.ts";
import { idsOf, makeCandidates, makeContext, makeFacts, type TestCandidate } from "./candidates.ts";
import { binomialBand, chiSquare, chiSquareBound, countPicks } from "./distribution.ts";

const LATENCY: StrategySettings = { name: "lowest-latency", buffer: 0.1 };
const strategy = makeStrategy([LATENCY]);
const DRAWS = 20_000;

describe("lowest-latency", () => {
  test("those within the buffer are equals, the others get nothing", () => {
    const candidates = makeCandidates(
      { firstByteMs: 109 },
      { firstByteMs: 100 },
      { firstByteMs: 111 },
      { firstByteMs: 900 },
    );
    const counts = countPicks(strategy, candidates, { draws: DRAWS, facts: makeFacts(), context: makeContext() });
    expect(chiSquare(counts, [1, 1, 0, 0])).toBeLessThan(chiSquareBound(1));
    expect(idsOf(strategy.narrow(candidates, makeFacts(), makeContext()))).toEqual(["a", "b"]);
  });

  test("a stream goes by the first byte, a whole answer by tokens per second", () => {
    const candidates = makeCandidates(
      { firstByteMs: 100, tokensPerSecond: 10 },
      { firstByteMs: 900, tokensPerSecond: 200 },
    );
    const pick = (isStream: boolean) =>
      strategy.pick(candidates, makeFacts({ isStream }), makeContext())?.deployment.id;
    expect([pick(true), pick(false)]).toEqual(["a", "b"]);
  });

  test("goes by what is known where the wanted figure is known of nobody: embeddings write no tokens", () => {
    const whole = makeCandidates({ firstByteMs: 900 }, { firstByteMs: 100 });
    const streams = makeCandidates({ tokensPerSecond: 10 }, { tokensPerSecond: 90 });
    const count = (candidates: readonly TestCandidate[], isStream: boolean) =>
      countPicks(strategy, candidates, { draws: 50, facts: makeFacts({ isStream }), context: makeContext() });
    expect(count(whole, false)).toEqual([0, 50]);
    expect(count(streams, true)).toEqual([0, 50]);
  });

  test("while nobody is known, all are equals", () => {
    const candidates = makeCandidates({}, { inFlight: 9 }, {});
    const counts = countPicks(strategy, candidates, { draws: DRAWS, facts: makeFacts(), context: makeContext() });
    expect(chiSquare(counts, [1, 1, 1])).toBeLessThan(chiSquareBound(2));
  });

  test("unknown ones get their share together, however many they are", () => {
    const unknown = Array.from({ length: 10 }, () => ({}));
    const candidates = makeCandidates({ firstByteMs: 100 }, { firstByteMs: 500 }, ...unknown);
    const [best = 0, slow, ...explored] = countPicks(strategy, candidates, {
      draws: DRAWS,
      facts: makeFacts(),
      context: makeContext(),
    });
    expect(slow).toBe(0);
    expect(Math.abs(DRAWS - best - DRAWS * EXPLORED_SHARE)).toBeLessThan(binomialBand(DRAWS, EXPLORED_SHARE));
    expect(
      chiSquare(
        explored,
        explored.map(() => 1),
      ),
    ).toBeLessThan(chiSquareBound(explored.length - 1));
  });

  test("an unknown one that is busy is not tried: nobody queues up behind an explorer that hangs", () => {
    const candidates = makeCandidates({ firstByteMs: 100 }, { inFlight: 1 });
    const counts = countPicks(strategy, candidates, { draws: 1_000, facts: makeFacts(), context: makeContext() });
    expect(counts).toEqual([1_000, 0]);
  });

  test("the inner strategy chooses among the equals; an affinity over it moves no key by chance", () => {
    const candidates = makeCandidates(
      { firstByteMs: 100, inFlight: 5 },
      { firstByteMs: 105, inFlight: 1 },
      { firstByteMs: 400 },
    );
    const busy = makeStrategy([LATENCY, { name: "least-busy" }]);
    const counts = countPicks(busy, candidates, { draws: 500, facts: makeFacts(), context: makeContext() });
    expect(counts).toEqual([0, 500, 0]);

    const sticky = makeStrategy([{ name: "affinity", by: { kind: "user" } }, LATENCY]);
    const withUnknown = [...candidates, ...makeCandidates({}).map((own) => ({ ...own, upstreamModel: "new" }))];
    const facts = makeFacts({ user: "alice" });
    const kept = countPicks(sticky, withUnknown, { draws: 500, facts, context: makeContext() });
    expect(kept.filter((count) => count > 0)).toEqual([500]);
  });

  test("says who was slower", () => {
    const trace = new Trace();
    const candidates = makeCandidates({ firstByteMs: 100 }, { firstByteMs: 900 }, { inFlight: 1 });
    strategy.pick(candidates, makeFacts(), makeContext(1, trace));
    expect(trace.lines).toEqual([
      {
        kind: "left-out",
        deployment: "b",
        by: "lowest-latency",
        why: "900 ms to first byte, more than 110 ms to first byte",
      },
      { kind: "left-out", deployment: "c", by: "lowest-latency", why: "nothing is known of it yet" },
      { kind: "chosen", deployment: "a", by: "simple-shuffle", why: "the only one" },
    ]);
  });
});

/** Deployments with true latencies, requests that come at a steady pace, averages fed by those that succeed. */
class Fleet {
  readonly candidates: readonly TestCandidate[];
  readonly counts: number[];
  mostUnknownInFlight = 0;
  readonly #averages: readonly Ewma[];
  readonly #random = new Random(7);
  readonly #pending: { readonly atMs: number; readonly index: number; readonly tookMs: number }[] = [];
  readonly #context = makeContext(42);
  #nowMs = 0;

  constructor(size: number) {
    this.candidates = makeCandidates(...Array.from({ length: size }, () => ({})));
    this.counts = Array.from({ length: size }, () => 0);
    this.#averages = this.candidates.map(() => new Ewma({ halfLifeMs: 10_000, forgetAfterMs: 120_000 }));
  }

  /** `latencyOf` null: it refuses at once, which feeds nothing. */
  run(durationMs: number, latencyOf: (index: number) => number | null): void {
    this.counts.fill(0);
    const untilMs = this.#nowMs + durationMs;
    for (; this.#nowMs < untilMs; this.#nowMs += 10) {
      this.#finish();
      const picked = strategy.pick(this.candidates, makeFacts(), this.#context);
      const index = this.candidates.findIndex((candidate) => candidate === picked);
      const candidate = this.candidates[index];
      if (candidate === undefined) throw new Error("expected somebody to be picked");
      this.counts[index] = (this.counts[index] ?? 0) + 1;
      const latencyMs = latencyOf(index);
      if (latencyMs === null) continue;
      candidate.live.inFlight++;
      if (candidate.live.firstByteMs === null) {
        this.mostUnknownInFlight = Math.max(this.mostUnknownInFlight, candidate.live.inFlight);
      }
      const tookMs = latencyMs * (0.9 + 0.2 * this.#random.next());
      this.#pending.push({ atMs: this.#nowMs + tookMs, index, tookMs });
    }
  }

  shareOf(index: number): number {
    return (this.counts[index] ?? 0) / this.counts.reduce((sum, count) => sum + count, 0);
  }

  #finish(): void {
    for (let at = this.#pending.length - 1; at >= 0; at--) {
      const answer = this.#pending[at];
      if (answer === undefined || answer.atMs > this.#nowMs) continue;
      this.#pending.splice(at, 1);
      const candidate = this.candidates[answer.index];
      if (candidate !== undefined) candidate.live.inFlight--;
      this.#averages[answer.index]?.add(answer.tookMs, this.#nowMs);
    }
    for (const [index, { live }] of this.candidates.entries()) {
      live.firstByteMs = this.#averages[index]?.read(this.#nowMs) ?? null;
    }
  }
}

describe("lowest-latency, simulated", () => {
  const LATENCIES = [300, 120, 800, 500];

  test("finds the fastest from knowing nothing, and stays with it", () => {
    const fleet = new Fleet(4);
    fleet.run(20_000, (index) => LATENCIES[index] ?? 0);
    fleet.run(20_000, (index) => LATENCIES[index] ?? 0);
    expect(fleet.shareOf(1)).toBe(1);
  });

  test("never takes a fast refusal for a fast answer, and finds the fastest once it answers, without sending it a crowd", () => {
    const fleet = new Fleet(5);
    const latencyOf = (index: number) => [300, 120, 800, 500, 60][index] ?? 0;
    // The fifth refuses everything within no time, which is no sample: it gets the share of an unknown one.
    fleet.run(30_000, (index) => (index === 4 ? null : latencyOf(index)));
    expect(Math.abs(fleet.shareOf(4) - EXPLORED_SHARE)).toBeLessThan(binomialBand(3_000, EXPLORED_SHARE) / 3_000);
    fleet.mostUnknownInFlight = 0;
    fleet.run(30_000, latencyOf);
    expect(fleet.shareOf(4)).toBeGreaterThan(0.95);
    expect(fleet.mostUnknownInFlight).toBe(1);
  });

  test("leaves one that becomes slow, and comes back to it when it has recovered", () => {
    const fleet = new Fleet(3);
    const healthy = (index: number) => [100, 200, 900][index] ?? 0;
    fleet.run(20_000, healthy);
    fleet.run(60_000, (index) => (index === 0 ? 2_000 : healthy(index)));
    expect(fleet.shareOf(1)).toBeGreaterThan(0.8);
    // What was known of it is forgotten after two minutes without an answer; then it is explored.
    fleet.run(180_000, healthy);
    fleet.run(20_000, healthy);
    expect(fleet.shareOf(0)).toBeGreaterThan(0.95);
  });
});
