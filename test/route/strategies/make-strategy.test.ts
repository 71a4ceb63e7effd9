import { describe, expect, test } from "bun:test";
import { LeastBusy } from "../../../src/route/strategies/least-busy.ts";
import { makeStrategy, PICKING_STRATEGIES, STRATEGY_NAMES } from "../../../src/route/strategies/make-strategy.ts";
import { RoundRobin } from "../../../src/route/strategies/round-robin.ts";
import { SimpleShuffle } from "../../../src/route/strategies/simple-shuffle.ts";
import { makeCandidates, makeContext, makeFacts } from "./candidates.ts";

describe("makeStrategy", () => {
  test("knows eleven, each in its own file", () => {
    const files = new Bun.Glob("*.ts").scanSync(`${import.meta.dir}/../../../src/route/strategies`);
    const names = new Set([...files].map((file) => file.replace(".ts", "")));
    expect(STRATEGY_NAMES).toHaveLength(11);
    expect(STRATEGY_NAMES.filter((name) => !names.has(name))).toEqual([]);
  });

  test("makes those that pick freely as they are, and the shuffle of nothing", () => {
    expect(makeStrategy([])).toBeInstanceOf(SimpleShuffle);
    expect(makeStrategy([{ name: "simple-shuffle", by: "rpm" }])).toBeInstanceOf(SimpleShuffle);
    expect(makeStrategy([{ name: "round-robin" }])).toBeInstanceOf(RoundRobin);
    expect(makeStrategy([{ name: "least-busy" }])).toBeInstanceOf(LeastBusy);
    expect(PICKING_STRATEGIES).toEqual(["simple-shuffle", "round-robin", "least-busy"]);
  });

  test("one that picks freely changes nothing before another one", () => {
    expect(makeStrategy([{ name: "round-robin" }, { name: "least-busy" }])).toBeInstanceOf(LeastBusy);
  });

  test("the outermost comes first", () => {
    // The cheapest of the first tier is not the cheapest of all, nor is the first tier of the cheapest.
    const candidates = makeCandidates(
      { tier: 0, price: { input: 3, output: 3 } },
      { tier: 0, price: { input: 2, output: 2 } },
      { tier: 1, price: { input: 1, output: 1 } },
    );
    const pick = (...names: readonly ("priority" | "lowest-cost")[]) =>
      makeStrategy(names.map((name) => ({ name }))).pick(candidates, makeFacts({ inputTokens: 10 }), makeContext())
        ?.deployment.id;
    expect(pick("priority", "lowest-cost")).toBe("b");
    expect(pick("lowest-cost", "priority")).toBe("c");
  });

  test("a strategy made anew goes on where the old one was", () => {
    const candidates = makeCandidates({}, {}, {});
    const ids = Array.from(
      { length: 6 },
      () => makeStrategy([{ name: "round-robin" }]).pick(candidates, makeFacts(), makeContext())?.deployment.id,
    );
    expect(ids.join("")).toBe("abcabc");
  });
});
