/** Our translations against those of another translator that was tested with the live APIs. */
import { beforeAll, describe, expect, test } from "bun:test";
import { checkGolden, type GoldenResult } from "./goldens.ts";
import { readGoldens, type Golden } from "./read-goldens.ts";

/** Of the recorded fields; the rest is listed by reason in the docs. */
const EQUAL_PERCENT = 95;
const goldens = await readGoldens();

describe("goldens", () => {
  if (goldens === null) {
    test.skip("recorded translations are absent: ../shared/wire/goldens.jsonl", () => {});
    return;
  }
  let results: readonly GoldenResult[] = [];

  beforeAll(() => {
    results = goldens.map(checkGolden);
    for (const kind of ["request", "response", "stream", "unsupported"] as const) console.log(summarise(kind, results));
  }, 60_000);

  test.each(["request", "response", "stream"] as const)("of kind %s have the recorded fields", (kind) => {
    const { equal, total, misses } = sumOf(kind, results);
    expect(total).toBeGreaterThan(100);
    if ((100 * equal) / total < EQUAL_PERCENT) expect(misses).toEqual([]);
  });

  test("differ without a reason in few fields", () => {
    const all = (["request", "response", "stream"] as const).map((kind) => sumOf(kind, results));
    const misses = all.flatMap((one) => one.misses);
    const total = all.reduce((sum, one) => sum + one.total, 0);
    if (misses.length / total > 0.005) expect(misses).toEqual([]);
  });

  test("that cannot be translated without loss are refused or named, or there is a reason why not", () => {
    expect(sumOf("unsupported", results).misses).toEqual([]);
  });

  test("are all translated without a throw", () => {
    const thrown = results.flatMap(({ golden, misses }) =>
      misses.filter((miss) => miss.startsWith("throws")).map((miss) => `${golden.id}: ${miss}`),
    );
    expect(thrown).toEqual([]);
  });
});

function sumOf(kind: Golden["kind"], results: readonly GoldenResult[]) {
  const those = results.filter(({ golden }) => golden.kind === kind);
  return {
    equal: those.reduce((sum, { equal }) => sum + equal, 0),
    total: those.reduce((sum, { total }) => sum + total, 0),
    misses: those.flatMap(({ golden, misses }) => misses.map((miss) => `${golden.id}: ${miss}`)),
  };
}

function summarise(kind: Golden["kind"], results: readonly GoldenResult[]): string {
  const { equal, total, misses } = sumOf(kind, results);
  return `goldens ${kind}: ${equal}/${total} fields equal, ${misses.length} without a reason`;
}
