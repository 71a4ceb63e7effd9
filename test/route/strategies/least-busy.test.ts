import { describe, expect, test } from "bun:test";
import { LeastBusy } from "../../../src/route/strategies/least-busy.ts";
import { SimpleShuffle } from "../../../src/route/strategies/simple-shuffle.ts";
import type { Strategy } from "../../../src/route/candidate.ts";
import { Trace } from "../../../src/route/trace.ts";
import { makeCandidates, makeContext, makeFacts } from "./candidates.ts";
import { chiSquare, chiSquareBound, countPicks } from "./distribution.ts";

const strategy = new LeastBusy();
const DRAWS = { draws: 20_000, facts: makeFacts() };

/** Requests that come and none that ends; how many each has then. */
function fill(by: Strategy, weights: readonly number[], requests: number): readonly number[] {
  const candidates = makeCandidates(...weights.map((weight) => ({ weight })));
  const context = makeContext();
  for (let request = 0; request < requests; request++) {
    const picked = by.pick(candidates, makeFacts(), context);
    for (const candidate of candidates) if (candidate === picked) candidate.live.inFlight++;
  }
  return candidates.map(({ live }) => live.inFlight);
}

describe("least-busy", () => {
  test("an idle fleet gets its traffic by weight", () => {
    const candidates = makeCandidates({ weight: 1 }, { weight: 2 }, { weight: 3 }, { weight: 4 });
    const counts = countPicks(strategy, candidates, { ...DRAWS, context: makeContext() });
    expect(chiSquare(counts, [1, 2, 3, 4])).toBeLessThan(chiSquareBound(3));
  });

  test("two draws of five: each one wins over those that are busier, the busiest never", () => {
    const candidates = makeCandidates(
      { inFlight: 8 },
      { inFlight: 0 },
      { inFlight: 6 },
      { inFlight: 2 },
      { inFlight: 4 },
    );
    const counts = countPicks(strategy, candidates, { ...DRAWS, context: makeContext() });
    expect(chiSquare(counts, [0, 4, 1, 3, 2])).toBeLessThan(chiSquareBound(3));
  });

  test("of two it always takes the one with less for its weight", () => {
    const candidates = makeCandidates({ weight: 1, inFlight: 2 }, { weight: 10, inFlight: 15 });
    expect(countPicks(strategy, candidates, { ...DRAWS, draws: 200, context: makeContext() })).toEqual([0, 200]);
  });

  test("fills up in proportion to the weights, far more evenly than by chance alone", () => {
    const weights = [1, 1, 2, 2, 4, 4, 8, 8];
    const unevenness = (counts: readonly number[]): number => chiSquare(counts, weights);
    const spread = fill(strategy, weights, 3_000);
    // 100 for each unit of weight. The gap of two choices does not grow with the number of requests: a few for each unit.
    for (const [index, weight] of weights.entries()) {
      expect(Math.abs((spread[index] ?? 0) / weight - 100)).toBeLessThanOrEqual(4);
    }
    expect(unevenness(spread)).toBeLessThan(unevenness(fill(new SimpleShuffle("weight"), weights, 3_000)) / 4);
  });

  test("gives nothing to a weight of 0 while another is there, however busy", () => {
    const candidates = makeCandidates({ weight: 0 }, { weight: 1, inFlight: 50 }, { weight: 0 });
    expect(countPicks(strategy, candidates, { ...DRAWS, draws: 200, context: makeContext() })).toEqual([0, 200, 0]);
  });

  test("says whom it compared", () => {
    const trace = new Trace();
    strategy.pick(makeCandidates({ inFlight: 1 }, { inFlight: 3 }), makeFacts(), makeContext(1, trace));
    expect(trace.lines).toEqual([{ kind: "chosen", deployment: "a", by: "least-busy", why: "1 in flight, b has 3" }]);
  });
});
