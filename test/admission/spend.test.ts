import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { costOf, deploymentAccount, providerAccount, Spend } from "../../src/admission/spend.ts";
import type { Snapshot } from "../../src/exchange.ts";
import { usageOf } from "../../src/lib/usage.ts";
import type { Budget } from "../../src/policy.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };
const DAY_MS = 86_400_000;
const NOON = Date.UTC(2026, 0, 1, 12);
const daily = (usd: number): Budget => ({ usd, windowMs: DAY_MS });
const NANO = 1e9;

describe("the cost of an answer", () => {
  test("is tokens times the price, in whole nano-dollars", () => {
    const price = { input: 2.5, output: 10 };
    expect(costOf(usageOf({ inputTokens: 1_000_000, outputTokens: 0 }), price)).toBe(2.5 * NANO);
    expect(costOf(usageOf({ inputTokens: 12, outputTokens: 7 }), price)).toBe(12 * 2_500 + 7 * 10_000);
    expect(costOf(usageOf({ outputTokens: 7 }), price)).toBe(70_000);
    expect(costOf(usageOf({ inputTokens: 3, outputTokens: 0 }), { input: 0.000_001, output: 0 })).toBe(1);
    expect(costOf(usageOf({ inputTokens: 5, outputTokens: 5 }), { input: 0, output: 0 })).toBe(0);
  });

  test("is not known where no tokens were reported", () => {
    expect(costOf(usageOf({}), { input: 1, output: 1 })).toBeNull();
  });

  test("of nonsense is nothing, and never more than can be counted", () => {
    const price = { input: 1, output: 1 };
    expect(costOf(usageOf({ inputTokens: -5, outputTokens: Number.NaN }), price)).toBe(0);
    expect(costOf(usageOf({ inputTokens: 1e300, outputTokens: 1 }), price)).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("is exact for prices of up to six decimals", () => {
    const someTokens = fc.nat(2_000_000);
    const someMicros = fc.nat(600_000_000);
    fc.assert(
      fc.property(someTokens, someTokens, someMicros, someMicros, (input, output, inputMicros, outputMicros) => {
        const price = { input: inputMicros / 1e6, output: outputMicros / 1e6 };
        const pico = BigInt(input) * BigInt(inputMicros) + BigInt(output) * BigInt(outputMicros);
        const cost = costOf(usageOf({ inputTokens: input, outputTokens: output }), price);
        expect(BigInt(cost ?? -1)).toBe((pico + 999n) / 1_000n);
      }),
      RUNS,
    );
  });
});

describe("a budget", () => {
  test("is over once it is spent, and fresh in the next window", () => {
    const spend = new Spend();
    expect(spend.isOver("provider/a", daily(1), NOON)).toBe(false);
    spend.add("provider/a", daily(1), 0.6 * NANO, NOON);
    expect(spend.isOver("provider/a", daily(1), NOON)).toBe(false);
    spend.add("provider/a", daily(1), 0.4 * NANO, NOON);
    expect(spend.isOver("provider/a", daily(1), NOON)).toBe(true);
    expect(spend.isOver("provider/b", daily(1), NOON)).toBe(false);
    expect(spend.spentUsd("provider/a", daily(1), NOON)).toBe(1);
    const midnight = Date.UTC(2026, 0, 2);
    expect(spend.isOver("provider/a", daily(1), midnight - 1)).toBe(true);
    expect(spend.isOver("provider/a", daily(1), midnight)).toBe(false);
    expect(spend.spentUsd("provider/a", daily(1), midnight)).toBe(0);
  });

  test("of nothing is over from the start", () => {
    expect(new Spend().isOver("provider/a", daily(0), NOON)).toBe(true);
  });

  test("raised or lowered takes effect at once", () => {
    const spend = new Spend();
    spend.add("provider/a", daily(1), NANO, NOON);
    expect(spend.isOver("provider/a", daily(2), NOON)).toBe(false);
    expect(spend.isOver("provider/a", daily(0.5), NOON)).toBe(true);
  });

  test("counts what was spent in the last window where the windows become others", () => {
    const spend = new Spend();
    spend.add("provider/a", daily(1), NANO, NOON);
    const hourly = { usd: 1, windowMs: 3_600_000 };
    expect(spend.isOver("provider/a", hourly, NOON + 60_000)).toBe(true);
    expect(spend.isOver("provider/a", hourly, NOON + 3_600_000)).toBe(false);
  });

  test("does not come back when the clock is set back over the border, and is not lost to a clock that was wrong by years", () => {
    const spend = new Spend();
    const midnight = Date.UTC(2026, 0, 2);
    spend.add("provider/a", daily(1), NANO, midnight);
    expect(spend.isOver("provider/a", daily(1), midnight - 5)).toBe(true);
    expect(spend.isOver("provider/a", daily(1), midnight + 5)).toBe(true);
    spend.add("provider/b", daily(1), NANO, Date.UTC(2099, 0, 1));
    expect(spend.isOver("provider/b", daily(1), NOON)).toBe(false);
    spend.add("provider/b", daily(1), NANO, NOON);
    expect(spend.isOver("provider/b", daily(1), NOON)).toBe(true);
  });

  test("sums a million small costs exactly", () => {
    const spend = new Spend();
    for (let count = 0; count < 1_000_000; count++) spend.add("provider/a", daily(1), 1, NOON);
    expect(spend.spentUsd("provider/a", daily(1), NOON)).toBe(0.001);
    spend.add("provider/a", daily(1), Number.MAX_SAFE_INTEGER, NOON);
    expect(spend.isOver("provider/a", daily(1e12), NOON)).toBe(true);
  });

  test("is kept over a reload by name, and forgotten with it", () => {
    const spend = new Spend();
    const budget = daily(1);
    for (const name of [
      providerAccount("a"),
      providerAccount("b"),
      deploymentAccount({ id: "x" }),
      deploymentAccount({ id: "y" }),
    ]) {
      spend.add(name, budget, NANO, NOON);
    }
    const group = {
      deployments: [
        { id: "x", budget },
        { id: "y", budget: null },
      ],
    };
    spend.reconfigure({
      providers: new Map([
        ["a", { name: "a", budget }],
        ["b", { name: "b", budget: null }],
      ]),
      models: new Map([["gpt-4o", group]]),
      implicitGroups: new Map(),
    } as unknown as Snapshot);
    expect(spend.size).toBe(2);
    expect(spend.isOver("provider/a", budget, NOON)).toBe(true);
    expect(spend.isOver("deployment/x", budget, NOON)).toBe(true);
    expect(spend.isOver("provider/b", budget, NOON)).toBe(false);
    expect(spend.isOver("deployment/y", budget, NOON)).toBe(false);
  });
});
