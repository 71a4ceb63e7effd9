import { expect, test } from "bun:test";
import { MEASURE_NAMES, UsageError, readPlan } from "./plan.ts";

test("without arguments everything is measured, within twenty minutes", () => {
  const plan = readPlan([], "out");
  expect(plan.only).toEqual([...MEASURE_NAMES]);
  expect(plan.budgetMs).toBeLessThanOrEqual(20 * 60_000);
  expect(plan.outDirectory).toBe("out");
});

test("--only and --subject narrow the run and keep its order", () => {
  const plan = readPlan(["--quick", "--only", "requests", "--only", "memory", "--subject", "nginx"], "out");
  expect(plan.only).toEqual(["memory", "requests"]);
  expect(plan.subjects).toEqual(["nginx"]);
  expect(plan.budgetMs).toBeLessThanOrEqual(3 * 60_000);
});

test("a wrong name is refused with the names there are", () => {
  expect(() => readPlan(["--only", "speed"], "out")).toThrow(UsageError);
  expect(() => readPlan(["--only", "speed"], "out")).toThrow("--only should be one of ready");
  expect(() => readPlan(["--fast"], "out")).toThrow(UsageError);
});

test("--against names another executable and --rounds replaces the plan's", () => {
  const plan = readPlan(["--against", "/tmp/llmux", "--rounds", "9"], "out");
  expect(plan.against).toBe("/tmp/llmux");
  expect([plan.rounds, plan.translateRounds]).toEqual([9, 9]);
  expect(() => readPlan(["--rounds", "some"], "out")).toThrow(UsageError);
});
