import { expect, test } from "bun:test";
import { FigureBook } from "./figure-book.ts";
import { judgeTargets } from "./targets.ts";

function fill(book: FigureBook, measure: string, lane: string, values: readonly number[]): void {
  for (const [round, value] of values.entries()) book.add(measure, "µs", { lane, round }, value);
}

test("a lane is compared with nginx over the same transport", () => {
  const book = new FigureBook();
  fill(book, "cpu-per-chunk", "nginx tcp", [10, 20]);
  fill(book, "cpu-per-chunk", "nginx unix", [5, 5]);
  fill(book, "cpu-per-chunk", "llmux tcp", [11, 22]);
  fill(book, "cpu-per-chunk", "llmux unix", [10, 10]);
  expect(book.find("cpu-per-chunk", "llmux tcp")?.ratio).toBeCloseTo(1.1);
  expect(book.find("cpu-per-chunk", "llmux unix")?.ratio).toBe(2);
});

test("a round that failed leaves a gap instead of shifting the others", () => {
  const book = new FigureBook();
  fill(book, "cpu-per-chunk", "nginx tcp", [10, 20, 30]);
  book.add("cpu-per-chunk", "µs", { lane: "llmux tcp", round: 2 }, 60);
  const figure = book.find("cpu-per-chunk", "llmux tcp");
  expect(figure?.rounds).toEqual([null, null, 60]);
  expect(figure?.median).toBe(60);
  expect(figure?.ratio).toBe(2);
});

test("a target is hit at its limit, missed above it, and not measured without a figure", () => {
  const book = new FigureBook();
  fill(book, "cpu-per-request", "nginx tcp", [100]);
  fill(book, "cpu-per-request", "llmux tcp", [150]);
  fill(book, "resident idle", "llmux tcp", [45.1]);
  const verdicts = new Map(judgeTargets(book).map(({ title, verdict }) => [title, verdict]));
  expect(verdicts.get("CPU per request, × nginx")).toBe("hit");
  expect(verdicts.get("idle, MB")).toBe("missed");
  expect(verdicts.get("exec to ready, ms")).toBe("not measured");
});

test("one build is compared with another in the rounds that both have", () => {
  const book = new FigureBook();
  fill(book, "cpu-per-chunk", "llmux tcp", [10, 11, 12, 13]);
  fill(book, "cpu-per-chunk", "llmux-before tcp", [9, Number.NaN, 12, 10]);
  expect(book.subtract("cpu-per-chunk", "llmux tcp", "llmux-before tcp")).toEqual({
    measure: "cpu-per-chunk",
    unit: "µs",
    median: 1,
    lower: 0,
    upper: 3,
    rounds: 3,
  });
  expect(book.subtract("cpu-per-chunk", "llmux unix", "llmux-before unix")).toBeNull();
});
