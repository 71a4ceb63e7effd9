import { describe, expect, test } from "bun:test";
import { SimpleShuffle } from "../../../src/route/strategies/simple-shuffle.ts";
import { Trace } from "../../../src/route/trace.ts";
import { makeCandidates, makeContext, makeFacts } from "./candidates.ts";
import { chiSquare, chiSquareBound, countPicks } from "./distribution.ts";

const DRAWS = { draws: 20_000, facts: makeFacts() };

describe("simple-shuffle", () => {
  test.each([
    ["by weight", "weight", [{ weight: 1 }, { weight: 2 }, { weight: 3 }, { weight: 4 }], [1, 2, 3, 4]],
    ["no weight is 1", "weight", [{ weight: 3 }, {}, { weight: 0.5 }], [3, 1, 0.5]],
    ["evenly where nothing is said", "weight", [{}, {}, {}], [1, 1, 1]],
    ["weight 0 gets nothing", "weight", [{ weight: 0 }, { weight: 1 }, { weight: 2 }], [0, 1, 2]],
    ["weights of 0 alone are even", "weight", [{ weight: 0 }, { weight: 0 }], [1, 1]],
    ["by rpm where nobody has a weight and all have an rpm", "weight", [{ rpm: 100 }, { rpm: 300 }], [1, 3]],
    ["by tpm where all have that", "weight", [{ tpm: 5_000 }, { tpm: 1_000, rpm: 9 }], [5, 1]],
    ["an rpm beside none does not starve it", "weight", [{ rpm: 5_000 }, {}], [1, 1]],
    ["a weight beside an rpm", "weight", [{ weight: 3 }, { rpm: 5_000 }], [3, 1]],
    [
      "by rpm as told, whatever the weights",
      "rpm",
      [
        { rpm: 100, weight: 9 },
        { rpm: 400, weight: 1 },
      ],
      [1, 4],
    ],
    [
      "by tpm as told",
      "tpm",
      [
        { tpm: 2_000, rpm: 1 },
        { tpm: 1_000, rpm: 9 },
      ],
      [2, 1],
    ],
    ["told to go by rpm, by weight where one has none", "rpm", [{ rpm: 100, weight: 2 }, { weight: 1 }], [2, 1]],
  ] as const)("%s", (_name, by, traits, shares) => {
    const counts = countPicks(new SimpleShuffle(by), makeCandidates(...traits), { ...DRAWS, context: makeContext() });
    const alive = shares.filter((share) => share > 0).length;
    expect(chiSquare(counts, shares)).toBeLessThan(chiSquareBound(alive - 1));
  });

  test("the statistic would see a share that is off by a twentieth", () => {
    const candidates = makeCandidates({ weight: 1 }, { weight: 1 });
    const counts = countPicks(new SimpleShuffle("weight"), candidates, { ...DRAWS, context: makeContext() });
    expect(chiSquare(counts, [1.05, 1])).toBeGreaterThan(chiSquareBound(1));
  });

  test("gives the last one what rounding leaves over", () => {
    const candidates = makeCandidates({ weight: 0.1 }, { weight: 0.2 }, { weight: 0 });
    const context = { ...makeContext(), random: () => 1 };
    expect(new SimpleShuffle("weight").pick(candidates, makeFacts(), context)).toBe(candidates[1] ?? null);
  });

  test("says what the choice hung on", () => {
    const trace = new Trace();
    const context = { ...makeContext(1, trace), random: () => 0 };
    new SimpleShuffle("weight").pick(makeCandidates({ weight: 3 }, {}), makeFacts(), context);
    new SimpleShuffle("weight").pick(makeCandidates({}, {}), makeFacts(), context);
    new SimpleShuffle("weight").pick(makeCandidates({}), makeFacts(), context);
    expect(trace.lines.map((line) => ("why" in line ? line.why : ""))).toEqual([
      "weight 3 of 4",
      "1 of 2, by chance",
      "the only one",
    ]);
  });
});
