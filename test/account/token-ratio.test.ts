import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_OUTPUT_TOKENS, TokenRatios } from "../../src/account/token-ratio.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };

describe("what is learnt of a model's tokens", () => {
  test("begins at four bytes a token and an answer of common length", () => {
    const ratios = new TokenRatios();
    expect(ratios.estimateInput("gpt-4o", 4_000)).toBe(1_000);
    expect(ratios.estimateInput("gpt-4o", 0)).toBe(0);
    expect(ratios.estimateInput("gpt-4o", 5)).toBe(2);
    expect(ratios.estimateOutput("gpt-4o", null)).toBe(500);
    expect(ratios.errorOf("gpt-4o")).toBeNull();
    expect(ratios.size).toBe(0);
  });

  test("comes close to what providers report, for each model by itself", () => {
    const ratios = new TokenRatios();
    for (let count = 0; count < 60; count++) {
      ratios.observe("chinese", 9_000, 6_000, 100);
      ratios.observe("code", 9_000, 2_000, 2_000);
    }
    expect(ratios.estimateInput("chinese", 9_000)).toBeWithin(5_700, 6_001);
    expect(ratios.estimateInput("code", 9_000)).toBeWithin(1_999, 2_030);
    expect(ratios.estimateOutput("chinese", null)).toBeWithin(100, 125);
    expect(ratios.estimateOutput("code", null)).toBeWithin(1_900, 2_001);
    expect(ratios.estimateInput("other", 4_000)).toBe(1_000);
  });

  test("is right within a few percent after ten answers", () => {
    const ratios = new TokenRatios();
    for (let count = 0; count < 10; count++) ratios.observe("gpt-4o", 8_000, 1_600, 10);
    expect(ratios.estimateInput("gpt-4o", 8_000)).toBeWithin(1_600, 1_680);
  });

  test("follows a model that changes", () => {
    const ratios = new TokenRatios();
    for (let count = 0; count < 200; count++) ratios.observe("gpt-4o", 8_000, 2_000, 10);
    for (let count = 0; count < 100; count++) ratios.observe("gpt-4o", 8_000, 4_000, 10);
    expect(ratios.estimateInput("gpt-4o", 8_000)).toBeWithin(3_900, 4_001);
  });

  test("gives small prompts, which are mostly JSON, the weight of their size", () => {
    const ratios = new TokenRatios();
    for (let count = 0; count < 20; count++) ratios.observe("gpt-4o", 8_000, 2_000, null);
    for (let count = 0; count < 20; count++) ratios.observe("gpt-4o", 120, 8, null);
    expect(ratios.estimateInput("gpt-4o", 8_000)).toBeWithin(1_850, 2_001);
  });

  test("is moved by one answer, however large or strange, by no more than its share", () => {
    const ratios = new TokenRatios();
    for (let count = 0; count < 50; count++) ratios.observe("gpt-4o", 8_000, 2_000, 500);
    ratios.observe("gpt-4o", 60_000_000, 1, 1e300);
    expect(ratios.estimateInput("gpt-4o", 8_000)).toBeWithin(1_850, 2_001);
    ratios.observe("gpt-4o", 1, 1e300, 0);
    expect(ratios.estimateInput("gpt-4o", 8_000)).toBeWithin(1_850, 2_010);
    expect(ratios.errorOf("gpt-4o")).toBeLessThan(1.1);
  });

  test("learns nothing of prompts from those with images, and nothing of answers from silence", () => {
    const ratios = new TokenRatios();
    ratios.observe("gpt-4o", 1_000, 90_000, 100, 3);
    expect(ratios.estimateInput("gpt-4o", 4_000)).toBe(1_000);
    expect(ratios.estimateOutput("gpt-4o", null)).toBe(300);
    expect(ratios.errorOf("gpt-4o")).toBeNull();
    ratios.observe("gpt-4o", 4_000, null, null);
    ratios.observe("gpt-4o", 4_000, 0, Number.NaN);
    expect(ratios.estimateInput("gpt-4o", 4_000)).toBe(1_000);
    expect(ratios.estimateOutput("gpt-4o", null)).toBe(300);
  });

  test("says how far off it was lately, judged before it learnt", () => {
    const ratios = new TokenRatios();
    ratios.observe("gpt-4o", 8_000, 1_000, null);
    expect(ratios.errorOf("gpt-4o")).toBe(1);
    for (let count = 0; count < 300; count++) ratios.observe("gpt-4o", 8_000, 1_000, null);
    expect(ratios.errorOf("gpt-4o")).toBeLessThan(0.01);
  });

  test("takes the caller's word for the longest answer, within bounds", () => {
    const ratios = new TokenRatios();
    expect(ratios.estimateOutput("gpt-4o", 0)).toBe(0);
    expect(ratios.estimateOutput("gpt-4o", 16)).toBe(16);
    expect(ratios.estimateOutput("gpt-4o", -1)).toBe(0);
    expect(ratios.estimateOutput("gpt-4o", 1e308)).toBe(MAX_OUTPUT_TOKENS);
  });

  test("keeps so many models and one entry for all others", () => {
    const ratios = new TokenRatios(2);
    for (const model of ["a", "b", "c", "d", "e"]) ratios.observe(model, 8_000, 4_000, 10);
    expect(ratios.size).toBe(3);
    expect(ratios.estimateInput("c", 8_000)).toBe(ratios.estimateInput("never seen", 8_000));
    expect(ratios.estimateInput("c", 8_000)).toBeGreaterThan(ratios.estimateInput("a", 8_000));
  });

  test("stays between a token a byte and one for 32, whatever is reported", () => {
    const someNumber = fc.oneof(fc.nat(), fc.double(), fc.constantFrom(0, -1, 1e308, Number.NaN, Infinity));
    const report = fc.record({
      bytes: fc.nat(70_000_000),
      input: fc.option(someNumber),
      output: fc.option(someNumber),
    });
    fc.assert(
      fc.property(fc.array(report, { maxLength: 40 }), fc.nat(70_000_000), (reports, bytes) => {
        const ratios = new TokenRatios();
        for (const one of reports) ratios.observe("gpt-4o", one.bytes, one.input, one.output);
        expect(ratios.estimateInput("gpt-4o", bytes)).toBeGreaterThanOrEqual(Math.floor(bytes / 32));
        expect(ratios.estimateInput("gpt-4o", bytes)).toBeLessThanOrEqual(bytes);
        expect(ratios.estimateOutput("gpt-4o", null)).toBeWithin(0, MAX_OUTPUT_TOKENS + 1);
        expect(ratios.errorOf("gpt-4o") ?? 0).toBeWithin(0, 10.001);
      }),
      RUNS,
    );
  });
});
