import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ConditionalRule, StrategySettings } from "../../../src/policy.ts";
import type { Candidate, Strategy } from "../../../src/route/candidate.ts";
import type { Facts } from "../../../src/route/facts.ts";
import { makeStrategy, STRATEGY_NAMES } from "../../../src/route/strategies/make-strategy.ts";
import { Trace } from "../../../src/route/trace.ts";
import { type CandidateTraits, type FactTraits, makeCandidate, makeContext, makeFacts } from "./candidates.ts";

/** Every strategy and every nesting keeps what `Strategy` promises: `route/candidate.ts`. */

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 200) };

const RULES: readonly ConditionalRule[] = [
  {
    when: "tokens > 8000",
    test: (facts) => (facts as Facts).inputTokens > 8_000,
    use: { tags: ["eu"], providers: null, models: null },
  },
  {
    when: "stream",
    test: (facts) => (facts as Facts).isStream,
    use: { tags: null, providers: ["openai"], models: ["gpt-4o", "*"] },
  },
];

const ALONE = {
  "simple-shuffle": { name: "simple-shuffle", by: "weight" },
  "round-robin": { name: "round-robin" },
  "least-busy": { name: "least-busy" },
  "lowest-latency": { name: "lowest-latency", buffer: 0.1 },
  "lowest-cost": { name: "lowest-cost" },
  "lowest-usage": { name: "lowest-usage" },
  budget: { name: "budget" },
  tags: { name: "tags", default: [], match: "any" },
  conditional: { name: "conditional", rules: RULES },
  affinity: { name: "affinity", by: { kind: "user" } },
  priority: { name: "priority" },
} as const satisfies { [Name in StrategySettings["name"]]: Extract<StrategySettings, { name: Name }> };

const ALL_TAGS: StrategySettings = { name: "tags", default: ["eu"], match: "all" };
const BY_HEADER: StrategySettings = { name: "affinity", by: { kind: "header", header: "x-session" } };
const BY_PROMPT: StrategySettings = { name: "affinity", by: { kind: "prompt-prefix", bytes: 8 } };

const STACKS: readonly (readonly StrategySettings[])[] = [
  [],
  ...STRATEGY_NAMES.map((name) => [ALONE[name]]),
  [{ name: "simple-shuffle", by: "rpm" }],
  [{ name: "simple-shuffle", by: "tpm" }],
  [ALONE.affinity, ALONE.priority, ALONE["least-busy"]],
  [BY_HEADER, ALONE["lowest-latency"], ALONE["round-robin"]],
  [BY_PROMPT, ALONE["lowest-cost"]],
  [ALONE.priority, BY_HEADER, ALONE["lowest-usage"]],
  [ALL_TAGS, ALONE.budget, ALONE["lowest-cost"], ALONE["round-robin"]],
  [ALONE.conditional, ALONE.tags, ALONE.affinity, ALONE["lowest-latency"], ALONE["least-busy"]],
  [ALONE["round-robin"], ALONE["least-busy"]],
];

const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const RULE_NAMES = new Set<string>(["tags", "conditional", "budget"]);
const someTags = fc.uniqueArray(fc.constantFrom("eu", "us", "gpu"), { maxLength: 3 });

const someTraits: fc.Arbitrary<Omit<CandidateTraits, "id">> = fc.record({
  weight: fc.constantFrom(null, null, 0, 1, 2, 7, 0.5),
  rpm: fc.constantFrom(null, 60, 5_000),
  tpm: fc.constantFrom(null, 2_000_000),
  tier: fc.nat(2),
  tags: someTags,
  provider: fc.constantFrom("openai", "azure-eu"),
  model: fc.constantFrom("gpt-4o", "*"),
  price: orNull(fc.record({ input: fc.nat(30), output: fc.nat(60) })),
  inFlight: fc.nat(5),
  firstByteMs: orNull(fc.double({ min: 0, max: 10_000, noNaN: true })),
  tokensPerSecond: orNull(fc.double({ min: 0, max: 500, noNaN: true })),
  usedShare: orNull(fc.constantFrom(0, 0.25, 0.5, 1.5)),
  isOverBudget: fc.boolean(),
});

const someFacts: fc.Arbitrary<FactTraits> = fc.record({
  isStream: fc.boolean(),
  tags: someTags,
  inputTokens: fc.constantFrom(0, 100, 20_000),
  outputTokens: fc.constantFrom(0, 100),
  user: orNull(fc.string({ maxLength: 5 })),
  prompt: orNull(fc.string({ maxLength: 20 })),
  headers: fc.dictionary(fc.constant("x-session"), fc.string({ maxLength: 5 })),
});

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const several = fc.array(someTraits, { minLength: 1, maxLength: 20 });

function makeList(traits: readonly Omit<CandidateTraits, "id">[]): readonly Candidate[] {
  return Object.freeze(traits.map((own, index) => makeCandidate({ id: `d${index}`, ...own })));
}

/** Picks some times in a row, from candidates of its own. */
function pickIds(
  strategy: Strategy,
  traits: readonly Omit<CandidateTraits, "id">[],
  facts: Facts,
  options: { readonly seed: number; readonly trace: Trace | null },
): readonly (string | null)[] {
  const candidates = makeList(traits);
  const context = makeContext(options.seed, options.trace);
  return Array.from({ length: 6 }, () => strategy.pick(candidates, facts, context)?.deployment.id ?? null);
}

describe.each(STACKS.map((stack) => [stack.map(({ name }) => name).join(" over ") || "none", stack] as const))(
  "%s",
  (_name, stack) => {
    const strategy = makeStrategy(stack);
    const mayLeaveNobody = stack.some(({ name }) => RULE_NAMES.has(name));

    function expectChoice(candidates: readonly Candidate[], facts: Facts, seed: number): void {
      const narrowed = strategy.narrow(candidates, facts, makeContext(seed));
      const picked = strategy.pick(candidates, facts, makeContext(seed));
      if (picked === null) {
        expect(mayLeaveNobody).toBe(true);
        expect(narrowed).toEqual([]);
      } else {
        expect(narrowed).toContain(picked);
      }
      // A part of the list, in its order, nobody twice. The list is frozen: whoever changes it throws.
      expect(candidates.filter((candidate) => narrowed.includes(candidate))).toEqual([...narrowed]);
      if (narrowed.length === candidates.length) expect(narrowed).toBe(candidates);
    }

    test("gives one of those it narrows to, and changes no list", () => {
      fc.assert(
        fc.property(several, someFacts, seeds, (traits, facts, seed) =>
          expectChoice(makeList(traits), makeFacts(facts), seed),
        ),
        RUNS,
      );
    });

    test("chooses among a hundred", () => {
      const hundred = fc.array(someTraits, { minLength: 100, maxLength: 100 });
      fc.assert(
        fc.property(hundred, someFacts, seeds, (traits, facts, seed) =>
          expectChoice(makeList(traits), makeFacts(facts), seed),
        ),
        { ...RUNS, numRuns: 10 },
      );
    });

    test("takes the only one there is, unless a rule forbids it", () => {
      fc.assert(
        fc.property(someTraits, someFacts, seeds, (traits, facts, seed) => {
          const candidates = makeList([traits]);
          const picked = strategy.pick(candidates, makeFacts(facts), makeContext(seed));
          if (picked === null) expect(mayLeaveNobody).toBe(true);
          else expect(picked).toBe(candidates[0] as Candidate);
        }),
        RUNS,
      );
    });

    test("chooses among those of whom nothing is known", () => {
      const candidates = makeList(Array.from({ length: 5 }, () => ({ tags: ["eu"] })));
      const facts = makeFacts({ isStream: false, tags: ["eu"] });
      expect(strategy.narrow(candidates, facts, makeContext())).toBe(candidates);
      expect(candidates).toContain(strategy.pick(candidates, facts, makeContext()) as Candidate);
    });

    test("gives nobody where there is nobody", () => {
      expect(strategy.narrow([], makeFacts({ user: "u" }), makeContext())).toEqual([]);
      expect(strategy.pick([], makeFacts({ user: "u" }), makeContext())).toBeNull();
    });

    test("decides the same again under the same chance, watched or not", () => {
      fc.assert(
        fc.property(several, someFacts, seeds, (traits, given, seed) => {
          const facts = makeFacts(given);
          const first = pickIds(strategy, traits, facts, { seed, trace: null });
          expect(pickIds(strategy, traits, facts, { seed, trace: null })).toEqual(first);
          expect(pickIds(strategy, traits, facts, { seed, trace: new Trace() })).toEqual(first);
        }),
        RUNS,
      );
    });

    test("narrows without chance", () => {
      const context = { ...makeContext(), random: () => expect.unreachable("narrow drew by chance") };
      fc.assert(
        fc.property(several, someFacts, (traits, facts) => {
          strategy.narrow(makeList(traits), makeFacts(facts), context);
        }),
        RUNS,
      );
    });

    test("tells whom it chose, once, and leaves out nobody else twice by the same strategy", () => {
      fc.assert(
        fc.property(several, someFacts, seeds, (traits, facts, seed) => {
          const trace = new Trace();
          const picked = strategy.pick(makeList(traits), makeFacts(facts), makeContext(seed, trace));
          const chosen = trace.lines.flatMap((line) => (line.kind === "chosen" ? [line.deployment] : []));
          const leftOut = trace.lines.flatMap((line) => (line.kind === "left-out" ? [line] : []));
          expect(chosen).toEqual(picked === null ? [] : [picked.deployment.id]);
          expect(leftOut.map(({ deployment }) => deployment)).not.toContain(chosen[0] as string);
          const told = leftOut.map(({ by, deployment }) => `${by} ${deployment}`);
          expect(new Set(told).size).toBe(told.length);
          // Whoever fell out on the way says so.
          if (picked === null) expect(new Set(leftOut.map(({ deployment }) => deployment)).size).toBe(traits.length);
          for (const line of trace.lines)
            expect("why" in line && line.why.length > 0 && line.why.length < 400).toBe(true);
        }),
        RUNS,
      );
    });
  },
);
