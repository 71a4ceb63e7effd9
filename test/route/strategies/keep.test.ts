import { describe, expect, test } from "bun:test";
import type { ConditionalRule, StrategySettings } from "../../../src/policy.ts";
import type { Facts } from "../../../src/route/facts.ts";
import { makeStrategy } from "../../../src/route/strategies/make-strategy.ts";
import { Trace } from "../../../src/route/trace.ts";
import { type CandidateTraits, type FactTraits, idsOf, makeCandidates, makeContext, makeFacts } from "./candidates.ts";
import { chiSquare, chiSquareBound, countPicks } from "./distribution.ts";

/** The strategies that leave some out and let chance choose among the rest: `lowest-cost`, `lowest-usage`, `priority`, and the rules. */

type Traits = readonly Omit<CandidateTraits, "id">[];

function narrowIds(settings: StrategySettings, traits: Traits, facts: FactTraits = {}): string {
  const strategy = makeStrategy([settings]);
  return idsOf(strategy.narrow(makeCandidates(...traits), makeFacts(facts), makeContext())).join("");
}

function whys(settings: StrategySettings, traits: Traits, facts: FactTraits = {}): readonly string[] {
  const trace = new Trace();
  makeStrategy([settings]).pick(makeCandidates(...traits), makeFacts(facts), makeContext(1, trace));
  return trace.lines.flatMap((line) => (line.kind === "left-out" ? [`${line.deployment}: ${line.why}`] : []));
}

/** Those that stay share the requests by weight, the others get none. */
function expectShares(
  settings: StrategySettings,
  traits: Traits,
  shares: readonly number[],
  facts: FactTraits = {},
): void {
  const counts = countPicks(makeStrategy([settings]), makeCandidates(...traits), {
    draws: 20_000,
    facts: makeFacts(facts),
    context: makeContext(),
  });
  expect(chiSquare(counts, shares)).toBeLessThan(chiSquareBound(shares.filter((share) => share > 0).length - 1));
}

describe("lowest-cost", () => {
  const COST: StrategySettings = { name: "lowest-cost" };
  const READER = { price: { input: 1, output: 20 } };
  const WRITER = { price: { input: 5, output: 10 } };

  test("price times expected tokens: who is cheapest hangs on the request", () => {
    expect(narrowIds(COST, [READER, WRITER], { inputTokens: 10_000, outputTokens: 100 })).toBe("a");
    expect(narrowIds(COST, [READER, WRITER], { inputTokens: 100, outputTokens: 10_000 })).toBe("b");
  });

  test("an unknown price comes last, never as zero", () => {
    expect(narrowIds(COST, [{}, WRITER, READER], { inputTokens: 10 })).toBe("c");
    expect(narrowIds(COST, [{}, {}], { inputTokens: 10 })).toBe("ab");
    expect(narrowIds(COST, [{}, { price: { input: 0, output: 0 } }], { inputTokens: 10 })).toBe("b");
  });

  test("with no body to estimate from it still tells dear from cheap", () => {
    expect(narrowIds(COST, [WRITER, { price: { input: 1, output: 2 } }])).toBe("b");
  });

  test("equals share by weight", () => {
    expectShares(COST, [{ ...READER, weight: 1 }, { ...READER, weight: 2 }, WRITER, {}], [1, 2, 0, 0], {
      inputTokens: 10,
    });
  });

  test("says what it would have cost", () => {
    expect(whys(COST, [{}, READER, WRITER], { inputTokens: 1_000, outputTokens: 0 })).toEqual([
      "a: no price known, the lowest is $0.00100",
      "c: $0.00500, the lowest is $0.00100",
    ]);
  });
});

describe("lowest-usage", () => {
  const USAGE: StrategySettings = { name: "lowest-usage" };

  test("the smallest used share of the limits; who has none has used nothing", () => {
    expect(narrowIds(USAGE, [{ usedShare: 0.9 }, { usedShare: 0.2 }, { usedShare: 1.4 }])).toBe("b");
    expect(narrowIds(USAGE, [{ usedShare: 0.2 }, {}, { usedShare: 0 }])).toBe("bc");
  });

  test("equals share by weight", () => {
    expectShares(USAGE, [{ usedShare: 0.5 }, { weight: 3 }, {}], [0, 3, 1]);
  });

  test("fills limits of different size to the same share", () => {
    const limits = [100, 400, 1_000];
    const used = [0, 0, 0];
    const candidates = makeCandidates({}, {}, {});
    for (const [index, { live }] of candidates.entries())
      live.usedShare = () => (used[index] ?? 0) / (limits[index] ?? 1);
    const strategy = makeStrategy([USAGE]);
    const context = makeContext();
    for (let request = 0; request < 750; request++) {
      const picked = strategy.pick(candidates, makeFacts(), context);
      const index = candidates.findIndex((candidate) => candidate === picked);
      used[index] = (used[index] ?? 0) + 1;
    }
    expect(used).toEqual([50, 200, 500]);
  });

  test("says how much is used", () => {
    expect(whys(USAGE, [{ usedShare: 0.25 }, {}])).toEqual([
      "a: 25.0 % of its limits used, the lowest is 0.0 % of its limits used",
    ]);
  });
});

describe("priority", () => {
  const PRIORITY: StrategySettings = { name: "priority" };

  test("the lowest tier there is", () => {
    expect(narrowIds(PRIORITY, [{ tier: 1 }, { tier: 0 }, { tier: 2 }, { tier: 0 }])).toBe("bd");
    expect(narrowIds(PRIORITY, [{ tier: 3 }, { tier: 2 }])).toBe("b");
  });

  test("a tier shares by weight", () => {
    expectShares(PRIORITY, [{ weight: 1 }, { weight: 4 }, { tier: 1, weight: 9 }], [1, 4, 0]);
  });

  test("says which tier", () => {
    expect(whys(PRIORITY, [{}, { tier: 2 }])).toEqual(["b: tier 2, the lowest is tier 0"]);
  });
});

describe("budget", () => {
  const BUDGET: StrategySettings = { name: "budget" };

  test("those within their budget share by weight", () => {
    expectShares(BUDGET, [{ isOverBudget: true }, { weight: 2 }, { weight: 1 }], [0, 2, 1]);
  });

  test("nobody where all are over it", () => {
    const traits = [{ isOverBudget: true }, { isOverBudget: true }];
    expect(makeStrategy([BUDGET]).pick(makeCandidates(...traits), makeFacts(), makeContext())).toBeNull();
    expect(whys(BUDGET, traits)).toEqual(["a: over its budget", "b: over its budget"]);
  });

  test("asks for the day's time, in which budgets are counted", () => {
    const candidates = makeCandidates({});
    let asked = 0;
    for (const { live } of candidates) live.isOverBudget = (wallNowMs) => ((asked = wallNowMs), false);
    makeStrategy([BUDGET]).pick(candidates, makeFacts(), makeContext());
    expect(asked).toBe(Date.UTC(2026, 0, 1));
  });
});

describe("tags", () => {
  const ANY: StrategySettings = { name: "tags", default: [], match: "any" };
  const ALL: StrategySettings = { name: "tags", default: [], match: "all" };
  const FLEET = [{ tags: ["eu"] }, { tags: ["us", "gpu"] }, { tags: ["eu", "gpu"] }, {}];

  test.each([
    ["any", ANY, ["eu"], "ac"],
    ["any", ANY, ["eu", "gpu"], "abc"],
    ["all", ALL, ["eu", "gpu"], "c"],
    ["all", ALL, ["gpu"], "bc"],
    ["all, one named twice", ALL, ["eu", "eu", "eu"], "ac"],
    ["any, unknown", ANY, ["mars"], ""],
    ["all, one unknown", ALL, ["eu", "mars"], ""],
    ["none, so those without tags", ANY, [], "d"],
    ["none, so those without tags", ALL, [], "d"],
  ] as const)("%s of %p", (_name, settings, tags, expected) => {
    expect(narrowIds(settings, FLEET, { tags })).toBe(expected);
  });

  test("the default stands in for a request without tags alone", () => {
    const settings: StrategySettings = { name: "tags", default: ["us"], match: "any" };
    expect(narrowIds(settings, FLEET)).toBe("b");
    expect(narrowIds(settings, FLEET, { tags: ["eu"] })).toBe("ac");
  });

  test("a fleet that is all tagged serves nobody who asks without", () => {
    expect(narrowIds(ANY, FLEET.slice(0, 3))).toBe("");
    expect(makeStrategy([ANY]).pick(makeCandidates(...FLEET.slice(0, 3)), makeFacts(), makeContext())).toBeNull();
  });

  test("those that fit share by weight", () => {
    expectShares(ANY, [{ tags: ["eu"], weight: 2 }, {}, { tags: ["eu"] }], [2, 0, 1], { tags: ["eu"] });
  });

  test("says what was wanted", () => {
    expect(whys(ALL, FLEET.slice(1), { tags: ["eu"] })).toEqual([
      "a: tagged us, gpu, wanted all of eu",
      "c: has no tags, wanted all of eu",
    ]);
    expect(whys(ANY, FLEET.slice(0, 1))).toEqual(["a: tagged eu, the request has no tags"]);
  });
});

describe("conditional", () => {
  const NOWHERE: ConditionalRule["use"] = { tags: null, providers: null, models: null };
  const isLong = (facts: unknown): boolean => (facts as Facts).inputTokens > 8_000;
  const FLEET = [
    { tags: ["long"], provider: "openai", model: "gpt-4o" },
    { tags: ["eu", "long"], provider: "azure-eu", model: "gpt-4o-prod" },
    { provider: "azure-eu", model: "gpt-4o-mini" },
    { provider: "local", model: "*" },
  ];
  const rules = (...given: readonly ConditionalRule[]): StrategySettings => ({ name: "conditional", rules: given });
  const to = (use: Partial<ConditionalRule["use"]>, test_ = isLong): ConditionalRule => ({
    when: "tokens > 8000",
    test: test_,
    use: { ...NOWHERE, ...use },
  });

  test.each([
    ["tags", { tags: ["long"] }, "ab"],
    ["one of several tags", { tags: ["eu", "mars"] }, "b"],
    ["providers", { providers: ["azure-eu", "local"] }, "bcd"],
    ["models", { models: ["gpt-4o", "gpt-4o-mini"] }, "ac"],
    ["a model as it goes out", { models: ["llama-3"] }, "d"],
    ["a model as configured", { models: ["*"] }, "d"],
    ["all that is given must fit", { tags: ["long"], providers: ["azure-eu"] }, "b"],
    ["nobody", { tags: ["mars"] }, ""],
  ])("leads to %s", (_name, use, expected) => {
    expect(narrowIds(rules(to(use)), FLEET, { inputTokens: 9_000 })).toBe(expected);
  });

  test("no rule holds: all stay", () => {
    expect(narrowIds(rules(to({ tags: ["long"] })), FLEET, { inputTokens: 10 })).toBe("abcd");
    expect(narrowIds(rules(), FLEET)).toBe("abcd");
  });

  test("the first that holds decides, and the later ones are not asked", () => {
    const asked: string[] = [];
    const rule = (name: string, holds: boolean, tag: string): ConditionalRule =>
      to({ tags: [tag] }, () => (asked.push(name), holds));
    const settings = rules(rule("first", false, "eu"), rule("second", true, "mars"), rule("third", true, "long"));
    expect(narrowIds(settings, FLEET)).toBe("");
    expect(asked).toEqual(["first", "second"]);
  });

  test("those it leads to share by weight", () => {
    const traits = [{ tags: ["long"] }, { tags: ["long"], weight: 3 }, { weight: 5 }];
    expectShares(rules(to({ tags: ["long"] })), traits, [1, 3, 0], { inputTokens: 9_000 });
  });

  test("says which rule", () => {
    expect(whys(rules(to({ tags: ["eu"] })), FLEET.slice(0, 2), { inputTokens: 9_000 })).toEqual([
      "a: not where the rule leads: tokens > 8000",
    ]);
  });
});
