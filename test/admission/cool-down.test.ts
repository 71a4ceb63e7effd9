import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CoolDown } from "../../src/admission/cool-down.ts";

const numRuns = Number(process.env["FUZZ_COUNT"] ?? 300);

function makeCoolDown(random = (): number => 0.5): CoolDown {
  return new CoolDown({ random });
}

/** Rests, each as soon as the one before is over: how long each was. */
function restInARow(coolDown: CoolDown, count: number): number[] {
  let nowMs = 0;
  return Array.from({ length: count }, () => {
    coolDown.rest(nowMs, null);
    const untilMs = coolDown.untilMs(nowMs) as number;
    const restMs = untilMs - nowMs;
    nowMs = untilMs;
    return restMs;
  });
}

describe("a cool-down", () => {
  test("lasts as long as the provider says, to the millisecond, and then is over", () => {
    const coolDown = makeCoolDown();
    expect(coolDown.untilMs(0)).toBeNull();
    coolDown.rest(1_000, 5_000);
    expect([coolDown.untilMs(1_000), coolDown.untilMs(5_999), coolDown.untilMs(6_000)]).toEqual([6_000, 6_000, null]);
  });

  test("takes a provider's word up to an hour", () => {
    for (const word of [3_600_001, 86_400_000, 1e308, Number.POSITIVE_INFINITY]) {
      const coolDown = makeCoolDown();
      coolDown.rest(0, word);
      expect(coolDown.untilMs(0)).toBe(3_600_000);
    }
  });

  test("without a word of use is a second, doubling up to a minute", () => {
    expect(restInARow(makeCoolDown(), 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 50_000, 50_000]);
    for (const word of [0, -5, Number.NaN]) {
      const coolDown = makeCoolDown();
      coolDown.rest(0, word);
      expect(coolDown.untilMs(0)).toBe(1_000);
    }
  });

  test("is a second again after one success, which does not end the rest itself", () => {
    const coolDown = makeCoolDown();
    restInARow(coolDown, 6);
    coolDown.rest(1_000_000, null);
    const untilMs = coolDown.untilMs(1_000_000) as number;
    coolDown.recovered();
    expect(coolDown.untilMs(1_000_000)).toBe(untilMs);
    coolDown.rest(untilMs, null);
    expect(coolDown.untilMs(untilMs)).toBe(untilMs + 1_000);
  });

  test("grows once for all the 429s of requests that were under way together", () => {
    const coolDown = makeCoolDown();
    for (let count = 0; count < 100; count++) coolDown.rest(count, null);
    expect(coolDown.untilMs(100)).toBe(1_000);
    coolDown.rest(1_000, null);
    expect(coolDown.untilMs(1_000)).toBe(3_000);
  });

  test("grows over rests that a provider named, for the next that it does not", () => {
    const coolDown = makeCoolDown();
    coolDown.rest(0, 10);
    coolDown.rest(10, 10);
    coolDown.rest(20, null);
    expect(coolDown.untilMs(20)).toBe(4_020);
  });

  test("prefers any word to a guess, and of two words the later one", () => {
    const coolDown = makeCoolDown();
    coolDown.rest(0, null);
    coolDown.rest(0, 300);
    expect(coolDown.untilMs(0)).toBe(300);
    coolDown.rest(100, 1_000);
    coolDown.rest(100, 200);
    coolDown.rest(100, null);
    expect(coolDown.untilMs(100)).toBe(1_100);
  });

  test("stays within its bounds, whatever comes and wherever the dice fall", () => {
    const event = fc.record({
      afterMs: fc.nat(100_000),
      what: fc.oneof(
        fc.constant(null),
        fc.constant("success" as const),
        fc.double(),
        fc.integer({ min: -1_000, max: 10_000_000 }),
      ),
    });
    const dice = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 100 }), dice, (events, drawn) => {
        const coolDown = makeCoolDown(() => drawn.next().value as number);
        let nowMs = 0;
        for (const { afterMs, what } of events) {
          nowMs += afterMs;
          const before = coolDown.untilMs(nowMs);
          if (what === "success") {
            coolDown.recovered();
            expect(coolDown.untilMs(nowMs)).toBe(before);
            continue;
          }
          coolDown.rest(nowMs, what);
          const restMs = (coolDown.untilMs(nowMs) ?? nowMs) - nowMs;
          const isWord = what !== null && what > 0;
          if (isWord) expect(restMs).toBeLessThanOrEqual(3_600_000 + 1e-6);
          else if (before === null) {
            expect(restMs).toBeGreaterThanOrEqual(800 - 1e-6);
            expect(restMs).toBeLessThanOrEqual(60_000 + 1e-6);
          } else expect(coolDown.untilMs(nowMs)).toBe(before);
        }
      }),
      { seed: 42, numRuns },
    );
  });
});
