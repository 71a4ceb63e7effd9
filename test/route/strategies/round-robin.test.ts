import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Candidate } from "../../../src/route/candidate.ts";
import { RoundRobin } from "../../../src/route/strategies/round-robin.ts";
import { makeCandidates, makeContext, makeFacts } from "./candidates.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };
const strategy = new RoundRobin();

function pickIds(candidates: readonly Candidate[], count: number): string {
  const context = { ...makeContext(), random: () => expect.unreachable("nothing here is left to chance") };
  let ids = "";
  for (let draw = 0; draw < count; draw++) ids += strategy.pick(candidates, makeFacts(), context)?.deployment.id;
  return ids;
}

/** The algorithm as nginx's commit 52327e0627f4 tells it, without anything around it. */
function smoothly(weights: readonly number[], count: number): string {
  const credits = weights.map(() => 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let ids = "";
  for (let draw = 0; draw < count; draw++) {
    for (const [index, weight] of weights.entries()) credits[index] = (credits[index] as number) + weight;
    const best = credits.indexOf(Math.max(...credits));
    credits[best] = (credits[best] as number) - total;
    ids += String.fromCodePoint(97 + best);
  }
  return ids;
}

describe("round-robin", () => {
  test("mixes weights 5, 1, 1 as nginx does: a a b a c a a", () => {
    expect(pickIds(makeCandidates({ weight: 5 }, { weight: 1 }, { weight: 1 }), 14)).toBe("aabacaaaabacaa");
  });

  test("takes turns where nothing is said of weights", () => {
    expect(pickIds(makeCandidates({}, {}, {}), 7)).toBe("abcabca");
  });

  test("gives each its exact share in every round, in nginx's order", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(weights, (given) => {
        const total = given.reduce((sum, weight) => sum + weight, 0);
        const ids = pickIds(makeCandidates(...given.map((weight) => ({ weight }))), 2 * total);
        expect(ids).toBe(smoothly(given, 2 * total));
        for (const [index, weight] of given.entries()) {
          expect(ids.slice(0, total).split(String.fromCodePoint(97 + index)).length - 1).toBe(weight);
        }
      }),
      RUNS,
    );
  });

  test("leaves out a weight of 0, whatever credit it had", () => {
    const candidates = makeCandidates({ weight: 0 }, { weight: 1 }, { weight: 1 });
    const [drained] = candidates;
    if (drained !== undefined) drained.live.roundRobinCredit = 1_000;
    expect(pickIds(candidates, 4)).toBe("bcbc");
  });

  test("forgets within one round what was owed at other weights", () => {
    const candidates = makeCandidates({ weight: 1 }, { weight: 1 });
    const [first, second] = candidates;
    if (first === undefined || second === undefined) throw new Error("expected two candidates");
    first.live.roundRobinCredit = -5_000;
    second.live.roundRobinCredit = 5_000;
    expect(pickIds(candidates, 6)).toBe("bbabab");
  });

  test("goes on with whoever is left, and owes no burst to the one that comes back", () => {
    const candidates = makeCandidates({}, {}, {});
    expect(pickIds(candidates, 3)).toBe("abc");
    expect(pickIds(candidates.slice(0, 2), 20)).toBe("ab".repeat(10));
    expect(pickIds(candidates, 6)).toBe("abcabc");
  });

  test("credits stay within the sum of the weights, whoever is out at each moment", () => {
    const members = fc.array(fc.integer({ min: 1, max: 31 }), { minLength: 50, maxLength: 50 });
    fc.assert(
      fc.property(members, (masks) => {
        const candidates = makeCandidates({ weight: 1 }, { weight: 2 }, { weight: 3 }, { weight: 4 }, { weight: 5 });
        for (const mask of masks) {
          pickIds(
            candidates.filter((_, index) => (mask & (1 << index)) !== 0),
            1,
          );
          for (const { live } of candidates) expect(Math.abs(live.roundRobinCredit)).toBeLessThanOrEqual(20);
        }
      }),
      RUNS,
    );
  });
});
