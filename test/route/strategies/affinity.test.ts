import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Candidate } from "../../../src/route/candidate.ts";
import { makeStrategy } from "../../../src/route/strategies/make-strategy.ts";
import { Trace } from "../../../src/route/trace.ts";
import { idsOf, makeCandidate, makeCandidates, makeContext, makeFacts } from "./candidates.ts";
import { binomialBand, chiSquare, chiSquareBound, countPicks } from "./distribution.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };
const byUser = makeStrategy([{ name: "affinity", by: { kind: "user" } }]);
const context = makeContext();

function pickFor(user: string, candidates: readonly Candidate[]): string | undefined {
  return byUser.pick(candidates, makeFacts({ user }), context)?.deployment.id;
}

describe("affinity", () => {
  test("spreads keys by weight, over deployments that are named alike", () => {
    const weights = [1, 2, 3, 4, 1, 1];
    const candidates = weights.map((weight, index) => makeCandidate({ id: `gpt-4o/openai/gpt-4o#${index}`, weight }));
    const counts = weights.map(() => 0);
    for (let key = 0; key < 20_000; key++) {
      const index = idsOf(candidates).indexOf(pickFor(`user-${key}`, candidates) ?? "");
      counts[index] = (counts[index] ?? 0) + 1;
    }
    expect(chiSquare(counts, weights)).toBeLessThan(chiSquareBound(weights.length - 1));
  });

  test("one that comes or goes moves its own keys and no others, at any weights", () => {
    const weights = fc.array(fc.constantFrom(null, 0, 0.5, 1, 3, 100), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(weights, fc.nat(11), fc.array(fc.string(), { minLength: 20, maxLength: 20 }), (given, at, keys) => {
        const all = makeCandidates(...given.map((weight) => ({ weight })));
        const gone = all[at % all.length];
        const rest = all.filter((candidate) => candidate !== gone);
        for (const key of keys) {
          const before = pickFor(`k${key}`, all);
          if (before !== gone?.deployment.id) expect(pickFor(`k${key}`, rest)).toBe(before);
        }
      }),
      RUNS,
    );
  });

  test("a weight that grows takes keys, and none moves between the others", () => {
    const before = makeCandidates({ weight: 1 }, { weight: 2 }, { weight: 3 });
    const after = makeCandidates({ weight: 4 }, { weight: 2 }, { weight: 3 });
    let moved = 0;
    for (let key = 0; key < 2_000; key++) {
      const [old, now] = [pickFor(`u${key}`, before), pickFor(`u${key}`, after)];
      if (old === now) continue;
      expect(now).toBe("a");
      moved++;
    }
    // From 1/6 to 4/9 of them.
    const share = 4 / 9 - 1 / 6;
    expect(Math.abs(moved - 2_000 * share)).toBeLessThan(binomialBand(2_000, share));
  });

  test("neither the order of the candidates nor another process's objects change the choice", () => {
    const candidates = makeCandidates({}, {}, {}, {}, {});
    const others = makeCandidates({}, {}, {}, {}, {}).toReversed();
    for (let key = 0; key < 200; key++) expect(pickFor(`u${key}`, others)).toBe(pickFor(`u${key}`, candidates));
  });

  test("replicas agree: these keys belong where they always did", () => {
    const candidates = makeCandidates({}, {}, {}, {}, {});
    expect(["alice", "bob", "carol", "dave", "erin", "frank"].map((user) => pickFor(user, candidates)).join("")).toBe(
      "abadea",
    );
  });

  test.each([
    [
      "a header",
      { kind: "header", header: "x-session" },
      { headers: { "x-session": "s1" } },
      { headers: { "x-session": "s2" } },
    ],
    ["the user", { kind: "user" }, { user: "alice" }, { user: "bob" }],
    [
      "the beginning of the prompt",
      { kind: "prompt-prefix", bytes: 10 },
      { prompt: "You are a pirate" },
      { prompt: "Answer in French" },
    ],
  ] as const)("keys by %s, and not by anything else", (_name, by, facts, otherFacts) => {
    const strategy = makeStrategy([{ name: "affinity", by }]);
    const candidates = makeCandidates(...Array.from({ length: 50 }, () => ({})));
    const pick = (given: Parameters<typeof makeFacts>[0]) =>
      strategy.pick(candidates, makeFacts(given), makeContext())?.deployment.id;
    const chosen = pick(facts);
    expect(pick({ ...facts, caller: "someone else", isStream: false, tags: ["eu"] })).toBe(chosen as string);
    expect(pick(otherFacts)).not.toBe(chosen as string);
  });

  test("only so much of the prompt counts as asked for", () => {
    const strategy = makeStrategy([{ name: "affinity", by: { kind: "prompt-prefix", bytes: 16 } }]);
    const candidates = makeCandidates(...Array.from({ length: 50 }, () => ({})));
    const pick = (prompt: string) => strategy.pick(candidates, makeFacts({ prompt }), makeContext());
    expect(pick("You are a pirate. What is 1 + 1?")).toBe(pick("You are a pirate. What is 2 + 2?"));
  });

  test("without a key the inner strategy chooses", () => {
    const candidates = makeCandidates({ weight: 1 }, { weight: 3 });
    for (const user of [null, ""]) {
      const facts = makeFacts({ user });
      const counts = countPicks(byUser, candidates, { draws: 20_000, facts, context: makeContext() });
      expect(chiSquare(counts, [1, 3])).toBeLessThan(chiSquareBound(1));
    }
  });

  test("over priority over least-busy: the same one of the first tier, however busy; the next tier's when nobody of the first is left", () => {
    const strategy = makeStrategy([
      { name: "affinity", by: { kind: "user" } },
      { name: "priority" },
      { name: "least-busy" },
    ]);
    const candidates = makeCandidates({ tier: 0 }, { tier: 0 }, { tier: 0 }, { tier: 1 }, { tier: 1 });
    const users = Array.from({ length: 300 }, (_, index) => `user-${index}`);
    const pick = (user: string | null, from: readonly Candidate[]) =>
      strategy.pick(from, makeFacts({ user }), makeContext())?.deployment.id ?? "";

    const homes = users.map((user) => pick(user, candidates));
    expect(new Set(homes)).toEqual(new Set(["a", "b", "c"]));
    // How busy each is changes nothing for those who have a key.
    for (const [index, { live }] of candidates.entries()) live.inFlight = 10 - index;
    expect(users.map((user) => pick(user, candidates))).toEqual(homes);
    // Without one, it decides: "c" has the fewest of the first tier, "a" the most.
    const free = countPicks(strategy, candidates, { draws: 3_000, facts: makeFacts(), context: makeContext() });
    expect(chiSquare(free, [0, 1, 2, 0, 0])).toBeLessThan(chiSquareBound(1));
    // "b" is out: only its users move, and they stay in the first tier.
    const without = users.map((user) =>
      pick(
        user,
        candidates.filter(({ deployment }) => deployment.id !== "b"),
      ),
    );
    expect(
      without.every((home, index) => (homes[index] === "b" ? home === "a" || home === "c" : home === homes[index])),
    ).toBe(true);
    expect(new Set(users.map((user) => pick(user, candidates.slice(3))))).toEqual(new Set(["d", "e"]));
  });

  test("says what it kept together", () => {
    const trace = new Trace();
    byUser.pick(makeCandidates({}, {}), makeFacts({ user: "alice" }), makeContext(1, trace));
    expect(trace.lines).toEqual([
      { kind: "chosen", deployment: expect.any(String), by: "affinity", why: "the same user" },
    ]);
  });
});
