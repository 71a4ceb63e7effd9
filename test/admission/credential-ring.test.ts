import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CredentialRing } from "../../src/admission/credential-ring.ts";
import { CredentialState } from "../../src/admission/credential-state.ts";

const numRuns = Number(process.env["FUZZ_COUNT"] ?? 300);

function makeRing(count: number): { readonly ring: CredentialRing; readonly states: readonly CredentialState[] } {
  const states = Array.from({ length: count }, () => new CredentialState(() => 0));
  return { ring: new CredentialRing(states), states };
}

const refuse = (state: CredentialState | undefined, nowMs = 0): void => {
  state?.refuse(state.round, nowMs, false);
};

describe("a ring of credentials", () => {
  test("uses one after the other", () => {
    const { ring } = makeRing(3);
    expect([0, 0, 0, 0].map(() => ring.pick("d", 0, null))).toEqual([0, 1, 2, 0]);
  });

  test("leaves one out that cools, until it has rested", () => {
    const { ring, states } = makeRing(2);
    states[0]?.rest(1_000, 5_000);
    expect([ring.pick("d", 1_000, null), ring.pick("d", 5_999, null)]).toEqual([1, 1]);
    expect(ring.pick("d", 6_000, null)).toBe(0);
  });

  test("with none ready gives the one that cools and is ready first, and a refused one only where all are", () => {
    const { ring, states } = makeRing(4);
    states[0]?.rest(0, 900_000);
    refuse(states[1]);
    states[2]?.rest(0, 600_000);
    refuse(states[3], -1);
    expect(ring.pick("d", 0, null)).toBe(2);
    expect(ring.pick("d", 0, new Set([2]))).toBe(0);
    expect(ring.pick("d", 0, new Set([0, 2]))).toBe(3);
    expect(ring.pick("d", 0, new Set([0, 2, 3]))).toBe(1);
  });

  test("gives none twice to one request", () => {
    const { ring } = makeRing(2);
    const first = ring.pick("d", 0, null) as number;
    const second = ring.pick("d", 0, new Set([first])) as number;
    expect(second).not.toBe(first);
    expect(ring.pick("d", 0, new Set([first, second]))).toBeNull();
  });

  test("has another only where one is ready that was not tried", () => {
    const { ring, states } = makeRing(3);
    expect(ring.hasOther(0, "d", 0, new Set())).toBe(true);
    expect(ring.hasOther(0, "d", 0, new Set([1]))).toBe(true);
    expect(ring.hasOther(0, "d", 0, new Set([1, 2]))).toBe(false);
    states[2]?.rest(0, 5_000);
    expect(ring.hasOther(0, "d", 0, new Set([1]))).toBe(false);
    expect(ring.hasOther(0, "d", 5_000, new Set([1]))).toBe(true);
    expect(makeRing(1).ring.hasOther(0, "d", 0, new Set())).toBe(false);
  });

  test("is ready when its soonest is; refused ones do not count", () => {
    const { ring, states } = makeRing(2);
    expect(ring.readyAtMs("d", 3)).toBe(3);
    states[0]?.rest(0, 5_000);
    expect(ring.readyAtMs("d", 3)).toBe(3);
    states[1]?.rest(0, 2_000);
    expect(ring.readyAtMs("d", 3)).toBe(2_000);
    refuse(states[1]);
    expect(ring.readyAtMs("d", 3)).toBe(5_000);
    refuse(states[0]);
    expect(ring.readyAtMs("d", 3)).toBeNull();
  });

  test("never gives a tried one, and one that is not ready only where none is, whatever is known of them", () => {
    const standing = fc.constantFrom("ready", "cooling", "refused");
    fc.assert(
      fc.property(
        fc.array(fc.record({ standing, isTried: fc.boolean(), word: fc.integer({ min: 1, max: 3_600_000 }) }), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.array(fc.nat(4_000_000), { minLength: 1, maxLength: 10 }),
        (drawn, times) => {
          const { ring, states } = makeRing(drawn.length);
          for (const [index, { standing: as, word }] of drawn.entries()) {
            if (as === "cooling") states[index]?.rest(0, word);
            if (as === "refused") refuse(states[index]);
          }
          const tried = new Set([...drawn.keys()].filter((index) => drawn[index]?.isTried));
          for (const nowMs of times) {
            const left = [...drawn.keys()].filter((index) => !tried.has(index));
            const ready = left.filter((index) => states[index]?.standing("d", nowMs) === "ready");
            const index = ring.pick("d", nowMs, tried);
            if (left.length === 0) expect(index).toBeNull();
            else expect(ready.length === 0 ? left : ready).toContain(index as number);
            for (const other of left)
              expect(ring.hasOther(other, "d", nowMs, tried)).toBe(ready.some((one) => one !== other));
          }
        },
      ),
      { seed: 42, numRuns },
    );
  });

  test("is fair: whoever is ready is used as often as any other that is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
        fc.nat(20),
        fc.nat(11),
        (areReady, rounds, skipped) => {
          const { ring, states } = makeRing(areReady.length);
          for (let count = 0; count < skipped; count++) ring.pick("d", 0, null);
          for (const [index, isReady] of areReady.entries()) if (!isReady) refuse(states[index]);
          const ready = areReady.filter(Boolean).length;
          if (ready === 0) return;
          const uses = areReady.map(() => 0);
          for (let count = 0; count < ready * rounds; count++) {
            const index = ring.pick("d", 0, null) as number;
            uses[index] = (uses[index] as number) + 1;
          }
          expect(uses).toEqual(areReady.map((isReady) => (isReady ? rounds : 0)));
        },
      ),
      { seed: 42, numRuns },
    );
  });
});
