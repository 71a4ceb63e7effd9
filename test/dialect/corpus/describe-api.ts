/** The figures that every recorded API must reach, as tests; one file for each API, so that they can run side by side. */
import { beforeAll, describe, expect, test } from "bun:test";
import { seedFromEnvironment } from "../../instruments/random.ts";
import { openRecording } from "../../instruments/recorded.ts";
import { GENERATE_APIS, OTHER_APIS } from "./apis.ts";
import { SUBJECTS } from "./dialects.ts";
import { describeMisses } from "./print.ts";
import { runApi, runOther } from "./run-api.ts";
import type { CheckKind, Tally } from "./tally.ts";

const SEED = seedFromEnvironment("FUZZ_SEED");
/** Shares of records, in percent. */
const SAME_PERCENT = 99.5;
const ACROSS_PERCENT = 98;
/** What a run of the largest recording may take on a machine that does much else. */
const RUN_DEADLINE_MS = 300_000;

/** Declares the tests of one recorded API; they skip, and say so, where the recording is absent. */
export function describeApi(name: string): void {
  const api = GENERATE_APIS.find((one) => one.name === name);
  const other = OTHER_APIS.find((one) => one.name === name);
  const dialect = (api ?? other)?.dialect;
  if (dialect === undefined) throw new Error(`expected a known API, got ${name}`);
  describe(`recorded ${name} (FUZZ_SEED=${SEED})`, () => {
    const recording = openRecording(name);
    if (recording.kind === "absent") {
      test.skip(recording.reason, () => {});
      return;
    }
    let tally: Tally;

    beforeAll(async () => {
      const run = api === undefined ? await runOther(other as (typeof OTHER_APIS)[number]) : await runApi(api, SEED);
      if (run === null) throw new Error(`expected ${name} to be recorded`);
      tally = run;
      console.log(summarise(name, tally));
    }, RUN_DEADLINE_MS);

    function expectShare(kind: CheckKind, percent: number): void {
      const { passed, total } = tally.sum((cell) => cell.kind === kind);
      const worst = describeMisses(tally, (miss) => miss.kind === kind);
      if (total > 0 && (100 * passed) / total < percent) expect(worst).toEqual([]);
      expect(passed).toBeLessThanOrEqual(total);
    }

    test("has records to check", () => {
      expect(tally.sum(({ kind }) => kind === "read").total).toBeGreaterThan(0);
    });

    test("is read without a throw", () => {
      expect(describeMisses(tally, ({ kind }) => kind === "read")).toEqual([]);
    });

    test("is read in the order of events that writers rely on", () => {
      expect(describeMisses(tally, ({ kind }) => kind === "order")).toEqual([]);
    });

    test("is read the same in six chunkings", () => {
      expect(describeMisses(tally, ({ kind }) => kind === "chunkings")).toEqual([]);
    });

    test("says what an independent reading says", () => expectShare("honest", SAME_PERCENT));

    test("has the usage that was recorded, every count", () => {
      expect(describeMisses(tally, ({ kind }) => kind === "usage")).toEqual([]);
    });

    test("is equal when written back in its own dialect", () => expectShare("same", SAME_PERCENT));

    test.each([...SUBJECTS.keys()].filter((id) => id !== dialect))("survives the way into %s and back", (to) => {
      const { passed, total } = tally.sum((cell) => cell.kind === "across" && cell.to === to);
      const worst = describeMisses(tally, (miss) => miss.kind === "across" && miss.to === to);
      if (total > 0 && (100 * passed) / total < ACROSS_PERCENT) expect(worst).toEqual([]);
      expect(passed).toBeLessThanOrEqual(total);
    });
  });
}

/** A line for each kind of check: what passed of what, and into which dialect. */
function summarise(name: string, tally: Tally): string {
  const lines = (["read", "honest", "same", "usage"] as const).flatMap((kind) => {
    const { passed, total } = tally.sum((cell) => cell.kind === kind);
    return total === 0 ? [] : [`${kind} ${passed}/${total}`];
  });
  const targets = [...SUBJECTS.keys()].flatMap((to) => {
    const { passed, total } = tally.sum((cell) => cell.kind === "across" && cell.to === to);
    return total === 0 ? [] : [`${to} ${passed}/${total}`];
  });
  return `${name}: ${lines.join(", ")}; into ${targets.join(", ")}`;
}
