/**
 * Hostile providers: whatever comes as a stream of any dialect, it is read or refused as the provider's fault, the reader keeps the
 * order that writers rely on, and what is written of it is a stream of the caller's dialect that ends only where the provider's did.
 * `FUZZ_SEED` replays a run, `FUZZ_COUNT` sets the inputs over all dialects (100,000 at night).
 */
import { describe, expect, test } from "bun:test";
import { fuzzSeed, Random } from "../../instruments/random.ts";
import { checkHostileStream } from "./check-stream.ts";
import { Findings } from "./judge.ts";
import { DIALECT_LIST, materialOf, seedsOf } from "./seeds.ts";
import { cutRandomly, encodeHostile, mutateEvents } from "./wire.ts";

const SEED = fuzzSeed();
const COUNT = Number(process.env["FUZZ_COUNT"] ?? 840);
const PER_DIALECT = Math.ceil(COUNT / DIALECT_LIST.length);

describe(`hostile streams (FUZZ_SEED=${SEED}, ${PER_DIALECT} of each dialect)`, () => {
  const all = DIALECT_LIST.flatMap(({ id }) => seedsOf(id).streams);
  for (const dialect of DIALECT_LIST) {
    test(`of ${dialect.id} are read and written as streams of every dialect`, () => {
      const findings = new Findings();
      const { streams } = seedsOf(dialect.id);
      let whole = 0;
      for (let number = 0; number < PER_DIALECT; number += 1) {
        // Every input has a generator of its own: it can be drawn again without those before it.
        const random = new Random(SEED * 31 + number);
        const others = random.chance(0.2) ? all : streams;
        const events = mutateEvents(random.pick(streams), others, random, materialOf(dialect.id));
        const bytes = encodeHostile(events, dialect.id, random);
        const named = `FUZZ_SEED=${SEED}, ${dialect.id} ${number}: ${bytes.toString("latin1")}`;
        const report = (reason: string): void => findings.add(reason, named);
        if (checkHostileStream(dialect, cutRandomly(bytes, random), random, report)) whole += 1;
      }
      expect(findings.list).toEqual([]);
      // A generator whose streams are all broken would prove nothing of their ends.
      expect(whole).toBeGreaterThan(PER_DIALECT / 10);
    }, 3_600_000);
  }
});
