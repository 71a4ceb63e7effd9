import { expect, test } from "bun:test";
import { median, medianOfRatios, percentile } from "./stats.ts";

test("a percentile is the nearest rank, whatever the order of the samples", () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(samples, 0.5)).toBe(50);
  expect(percentile(samples, 0.99)).toBe(99);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

test("the median of an even number of samples is the mean of the middle two", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([9, 1, 5])).toBe(5);
});

test("ratios are taken round by round, and rounds that failed on either side are left out", () => {
  // Round 2 ran on a machine twice as slow: the ratio of medians would be wrong, the median of ratios is not.
  expect(medianOfRatios([10, 40, 12], [10, 20, 6])).toBe(2);
  expect(medianOfRatios([10, Number.NaN, 30], [10, 5, Number.NaN])).toBe(1);
  expect(medianOfRatios([1], [])).toBeNaN();
});
