import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Breaker, type BreakerEntry, type BreakerResult } from "../../src/admission/breaker.ts";
import type { BreakerSettings } from "../../src/policy.ts";

const numRuns = Number(process.env["FUZZ_COUNT"] ?? 300);
const SETTINGS: BreakerSettings = {
  consecutive: 3,
  failureShare: 0.5,
  windowMs: 10_000,
  minimum: 6,
  openMs: 5_000,
  slowStartMs: 10_000,
};

function makeBreaker(settings: Partial<BreakerSettings> = {}, random = (): number => 0.5): Breaker {
  return new Breaker({ ...SETTINGS, ...settings }, { random });
}

/** As many failures in a row as open it. */
function failUntilOpen(breaker: Breaker, nowMs: number, { consecutive } = SETTINGS): void {
  for (let count = 0; count < consecutive; count++) breaker.leave("pass", "failure", nowMs);
  expect(breaker.state(nowMs).kind).toBe("open");
}

function openTime(breaker: Breaker, nowMs: number): number {
  const state = breaker.state(nowMs);
  if (state.kind !== "open") throw new Error(`expected an open breaker, got ${state.kind}`);
  return state.untilMs - nowMs;
}

/** Through an opening and back: when it closed. */
function closeAgain(breaker: Breaker, nowMs: number): number {
  const atMs = breaker.retryAtMs(nowMs) ?? nowMs;
  expect(breaker.enter(atMs)).toBe("probe");
  breaker.leave("probe", "success", atMs);
  expect(breaker.state(atMs).kind).toBe("closed");
  return atMs;
}

describe("a closed breaker", () => {
  test("opens at so many failures in a row, and one success between starts the count anew", () => {
    const breaker = makeBreaker({ minimum: 1_000 });
    for (const result of ["failure", "failure", "success", "failure", "failure"] as const) {
      expect(breaker.enter(0)).toBe("pass");
      breaker.leave("pass", result, 0);
    }
    expect(breaker.state(0)).toEqual({ kind: "closed" });
    breaker.leave("pass", "neutral", 0);
    breaker.leave("pass", "failure", 0);
    expect(breaker.state(0)).toEqual({ kind: "open", untilMs: 5_000, round: 0 });
  });

  test("opens at a share of failures, once there were enough requests in the window", () => {
    const breaker = makeBreaker({ consecutive: 1_000 });
    for (const result of ["failure", "success", "failure", "success", "failure"] as const)
      breaker.leave("pass", result, 0);
    expect(breaker.state(0).kind).toBe("closed");
    // The sixth is a success: enough are in the window, and half of them failed, but only a failure opens it.
    breaker.leave("pass", "success", 5_000);
    expect(breaker.state(5_000).kind).toBe("closed");
    breaker.leave("pass", "failure", 9_999);
    expect(breaker.state(9_999).kind).toBe("open");
  });

  test("forgets what is older than the window", () => {
    const breaker = makeBreaker({ consecutive: 1_000 });
    for (let count = 0; count < 5; count++) breaker.leave("pass", "failure", 0);
    for (let count = 0; count < 5; count++) breaker.leave("pass", "failure", 10_000);
    expect(breaker.state(10_000).kind).toBe("closed");
    breaker.leave("pass", "failure", 10_000);
    expect(breaker.state(10_000).kind).toBe("open");
  });

  test("learns nothing of callers who left or asked wrongly, however many", () => {
    const breaker = makeBreaker();
    for (let count = 0; count < 100; count++) breaker.leave("pass", "neutral", 0);
    expect(breaker.state(0).kind).toBe("closed");
    expect([breaker.share(0), breaker.retryAtMs(0)]).toEqual([1, null]);
  });
});

describe("an open breaker", () => {
  test("refuses until its time is over, and then lets one probe through", () => {
    const breaker = makeBreaker();
    failUntilOpen(breaker, 0);
    expect([breaker.enter(0), breaker.enter(4_999)]).toEqual([null, null]);
    expect([breaker.retryAtMs(0), breaker.retryAtMs(4_999), breaker.retryAtMs(5_000)]).toEqual([5_000, 5_000, null]);
    expect(breaker.state(5_000)).toEqual({ kind: "half-open", isProbing: false });
    expect([breaker.enter(5_000), breaker.enter(5_000), breaker.enter(99_000)]).toEqual(["probe", null, null]);
    expect(breaker.state(99_000)).toEqual({ kind: "half-open", isProbing: true });
    expect(breaker.retryAtMs(99_000)).toBe(100_000);
  });

  test("is moved by nothing that was under way before", () => {
    const breaker = makeBreaker();
    failUntilOpen(breaker, 0);
    for (const result of ["success", "failure", "neutral"] as const) breaker.leave("pass", result, 1_000, -1);
    expect(breaker.state(1_000)).toEqual({ kind: "open", untilMs: 5_000, round: 0 });
    expect(breaker.enter(5_000)).toBe("probe");
    for (const result of ["success", "failure", "neutral"] as const) breaker.leave("pass", result, 6_000, -1);
    expect(breaker.state(6_000)).toEqual({ kind: "half-open", isProbing: true });
  });

  test("tells of its changes, each once", () => {
    const changes: string[] = [];
    const breaker = new Breaker(SETTINGS, { random: () => 0.5, onChange: (state) => changes.push(state) });
    failUntilOpen(breaker, 0);
    breaker.enter(5_000);
    breaker.leave("probe", "neutral", 5_100);
    breaker.enter(5_200);
    breaker.leave("probe", "failure", 5_300);
    breaker.enter(15_300);
    breaker.leave("probe", "success", 15_400);
    breaker.leave("pass", "success", 15_500);
    expect(changes).toEqual(["open", "half-open", "open", "half-open", "closed"]);
  });
});

describe("a probe", () => {
  test("that fails opens again for twice as long", () => {
    const breaker = makeBreaker();
    failUntilOpen(breaker, 0);
    let nowMs = 0;
    const times = [openTime(breaker, 0)];
    for (let count = 0; count < 5; count++) {
      nowMs += times.at(-1) as number;
      breaker.enter(nowMs);
      breaker.leave("probe", "failure", nowMs);
      times.push(openTime(breaker, nowMs));
    }
    expect(times).toEqual([5_000, 10_000, 20_000, 40_000, 50_000, 50_000]);
  });

  test("that says nothing leaves its place to the next", () => {
    const breaker = makeBreaker();
    failUntilOpen(breaker, 0);
    expect(breaker.enter(5_000)).toBe("probe");
    breaker.leave("probe", "neutral", 5_500);
    expect(breaker.state(5_500)).toEqual({ kind: "half-open", isProbing: false });
    expect([breaker.retryAtMs(5_500), breaker.enter(5_500)]).toEqual([null, "probe"]);
  });

  test("counts once, whatever is said of it later", () => {
    const breaker = makeBreaker();
    failUntilOpen(breaker, 0);
    breaker.enter(5_000);
    breaker.leave("probe", "success", 5_000);
    breaker.leave("probe", "failure", 5_001);
    expect(breaker.state(5_001).kind).toBe("closed");
  });

  test("is never lost: after any number of neutral ends, between whatever else, one can be sent", () => {
    const late = fc.array(fc.constantFrom<BreakerResult>("success", "failure", "neutral"), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(fc.record({ afterMs: fc.nat(100_000), late }), { maxLength: 50 }), (ends) => {
        const breaker = makeBreaker();
        failUntilOpen(breaker, 0);
        let nowMs = 5_000;
        for (const { afterMs, late: results } of ends) {
          expect(breaker.enter(nowMs)).toBe("probe");
          expect(breaker.enter(nowMs)).toBeNull();
          nowMs += afterMs;
          for (const result of results) breaker.leave("pass", result, nowMs, -1);
          breaker.leave("probe", "neutral", nowMs);
        }
        expect(breaker.enter(nowMs)).toBe("probe");
      }),
      { seed: 42, numRuns },
    );
  });
});

describe("a breaker that closed again", () => {
  test("does not hear what was sent before it closed, be it a hundred timeouts", () => {
    const breaker = makeBreaker();
    failUntilOpen(breaker, 0);
    const closedAtMs = closeAgain(breaker, 0);
    for (let count = 0; count < 100; count++) breaker.leave("pass", "failure", closedAtMs + 20_000, closedAtMs - 1);
    expect(breaker.state(closedAtMs + 20_000).kind).toBe("closed");
    failUntilOpen(breaker, closedAtMs + 20_000);
  });

  test("does not let what was sent before it closed hide a new outage", () => {
    const breaker = makeBreaker({ minimum: 1_000 });
    failUntilOpen(breaker, 0);
    const closedAtMs = closeAgain(breaker, 0);
    for (let count = 0; count < SETTINGS.consecutive; count++) {
      breaker.leave("pass", "success", closedAtMs + 2, closedAtMs - 1);
      breaker.leave("pass", "failure", closedAtMs + 2, closedAtMs + 1);
    }
    expect(breaker.state(closedAtMs + 2).kind).toBe("open");
  });

  test("counts from nothing", () => {
    const breaker = makeBreaker();
    failUntilOpen(breaker, 0);
    const closedAtMs = closeAgain(breaker, 0);
    breaker.leave("pass", "failure", closedAtMs);
    breaker.leave("pass", "failure", closedAtMs);
    expect(breaker.state(closedAtMs).kind).toBe("closed");
  });

  test("gets its traffic back from a tenth, in a straight line", () => {
    const breaker = makeBreaker();
    failUntilOpen(breaker, 0);
    expect([breaker.share(0), breaker.share(5_000)]).toEqual([0, 0.1]);
    breaker.enter(5_000);
    expect(breaker.share(5_000)).toBe(0);
    breaker.leave("probe", "success", 5_000);
    const shares = [0, 2_500, 5_000, 9_999, 10_000, 1_000_000].map((ms) => breaker.share(5_000 + ms));
    expect(shares.map((share) => Math.round(share * 1_000) / 1_000)).toEqual([0.1, 0.325, 0.55, 1, 1, 1]);
    expect(shares[3]).toBeLessThan(1);
    breaker.reconfigure({ ...SETTINGS, slowStartMs: 0 });
    expect(breaker.share(5_000)).toBe(1);
  });

  test("opens longer when it falls again soon, and as the first time once it has been well for long enough", () => {
    // The longest of the window (10 s), the slow start (10 s) and its last opening.
    const second = (wellMs: number): number => {
      const breaker = makeBreaker();
      failUntilOpen(breaker, 0);
      const atMs = closeAgain(breaker, 0) + wellMs;
      failUntilOpen(breaker, atMs);
      return openTime(breaker, atMs);
    };
    expect([second(0), second(9_999), second(10_000)]).toEqual([10_000, 10_000, 5_000]);

    const breaker = makeBreaker({ openMs: 30_000 });
    failUntilOpen(breaker, 0);
    const again = closeAgain(breaker, 0) + 29_999;
    failUntilOpen(breaker, again);
    expect(openTime(breaker, again)).toBe(50_000);
    const later = closeAgain(breaker, again) + 50_000;
    failUntilOpen(breaker, later);
    expect(openTime(breaker, later)).toBe(30_000);
  });

  test("that flaps is tried more and more rarely", () => {
    const breaker = makeBreaker();
    const times: number[] = [];
    let nowMs = 0;
    for (let count = 0; count < 6; count++) {
      failUntilOpen(breaker, nowMs);
      times.push(openTime(breaker, nowMs));
      nowMs = closeAgain(breaker, nowMs) + 3_000;
    }
    expect(times).toEqual([5_000, 10_000, 20_000, 40_000, 50_000, 50_000]);
  });
});

describe("the time a breaker is open", () => {
  test("lies between a second and a minute, wherever the dice fall, and ± 20 % around its middle", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 60_000 }),
        fc.nat(200),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (openMs, rounds, dice) => {
          const breaker = makeBreaker({ openMs }, () => dice.next().value as number);
          failUntilOpen(breaker, 0);
          let nowMs = 0;
          for (let round = 0; round <= rounds; round++) {
            const ms = openTime(breaker, nowMs);
            // A difference of two large numbers: rounded in its last digits.
            expect(ms).toBeGreaterThanOrEqual(1_000 - 1e-6);
            expect(ms).toBeLessThanOrEqual(60_000 + 1e-6);
            const middleMs = Math.min(openMs * 2 ** Math.min(round, 20), 50_000);
            expect(ms).toBeGreaterThanOrEqual(middleMs * 0.8 - 1e-6);
            expect(ms).toBeLessThanOrEqual(Math.max(middleMs * 1.2, 1_000) + 1e-6);
            nowMs += ms;
            breaker.enter(nowMs);
            breaker.leave("probe", "failure", nowMs);
          }
        },
      ),
      { seed: 42, numRuns: Math.min(numRuns, 1_000) },
    );
  });

  test("follows settings outside of these bounds: a word below a second or above a minute is an operator's own", () => {
    const bounds = (openMs: number): readonly number[] =>
      [0, 0.999_999].flatMap((drawn) => {
        const breaker = makeBreaker({ openMs }, () => drawn);
        failUntilOpen(breaker, 0);
        return [Math.round(openTime(breaker, 0))];
      });
    expect(bounds(100)).toEqual([100, 120]);
    expect(bounds(120_000)).toEqual([80_000, 120_000]);
  });
});

describe("a reload", () => {
  test("keeps state and counts, and judges by the new numbers from the next result on", () => {
    const breaker = makeBreaker({ minimum: 1_000 });
    breaker.leave("pass", "failure", 0);
    breaker.leave("pass", "failure", 0);
    breaker.reconfigure({ ...SETTINGS, minimum: 1_000, consecutive: 2 });
    expect(breaker.state(0).kind).toBe("closed");
    breaker.leave("pass", "failure", 0);
    expect(breaker.state(0)).toEqual({ kind: "open", untilMs: 5_000, round: 0 });
    breaker.reconfigure({ ...SETTINGS, openMs: 60_000 });
    expect(breaker.state(4_999)).toEqual({ kind: "open", untilMs: 5_000, round: 0 });
    expect(breaker.enter(5_000)).toBe("probe");
    breaker.reconfigure(SETTINGS);
    expect(breaker.enter(5_000)).toBeNull();
    breaker.leave("probe", "success", 5_000);
    expect(breaker.state(5_000).kind).toBe("closed");
  });

  test("with another window keeps what is young enough", () => {
    const breaker = makeBreaker({ consecutive: 1_000, minimum: 4 });
    for (let count = 0; count < 3; count++) breaker.leave("pass", "failure", 0);
    breaker.reconfigure({ ...SETTINGS, consecutive: 1_000, minimum: 4, windowMs: 60_000 });
    breaker.leave("pass", "failure", 30_000);
    expect(breaker.state(30_000).kind).toBe("open");
  });
});

/** The documented rules, told as plainly as can be: every result ever counted, in a list. */
class NaiveBreaker {
  kind: "closed" | "open" | "half-open" = "closed";
  untilMs = 0;
  isProbing = false;
  #results: { atMs: number; isFailure: boolean }[] = [];
  #closedAtMs = Number.NEGATIVE_INFINITY;
  #round = -1;
  #lastOpenMs = 0;
  readonly #settings: BreakerSettings;

  constructor(settings: BreakerSettings) {
    this.#settings = settings;
  }

  enter(nowMs: number): BreakerEntry | null {
    if (this.kind === "closed") return "pass";
    if (this.kind === "open" && nowMs < this.untilMs) return null;
    if (this.kind === "half-open" && this.isProbing) return null;
    this.kind = "half-open";
    this.isProbing = true;
    return "probe";
  }

  leave(entry: BreakerEntry, result: BreakerResult, nowMs: number, enteredAtMs: number): void {
    if (entry === "probe") {
      this.isProbing = false;
      if (result === "success") {
        this.kind = "closed";
        this.#closedAtMs = nowMs;
        this.#results = [];
      } else if (result === "failure") this.#open(nowMs, this.#round + 1);
      return;
    }
    if (this.kind !== "closed" || result === "neutral" || enteredAtMs < this.#closedAtMs) return;
    this.#results.push({ atMs: nowMs, isFailure: result === "failure" });
    if (result !== "failure") return;
    const { consecutive, failureShare, minimum, windowMs, slowStartMs } = this.#settings;
    const inARow = this.#results.length - 1 - this.#results.findLastIndex(({ isFailure }) => !isFailure);
    const tenth = (ms: number): number => Math.floor(ms / (windowMs / 10));
    const seen = this.#results.filter(({ atMs }) => tenth(atMs) > tenth(nowMs) - 10);
    const failed = seen.filter(({ isFailure }) => isFailure);
    if (inARow >= consecutive || (seen.length >= minimum && failed.length / seen.length >= failureShare)) {
      const wellMs = nowMs - this.#closedAtMs;
      this.#open(nowMs, wellMs >= Math.max(windowMs, slowStartMs, this.#lastOpenMs) ? 0 : this.#round + 1);
    }
  }

  #open(nowMs: number, round: number): void {
    this.kind = "open";
    this.#round = round;
    this.#lastOpenMs = Math.min(this.#settings.openMs * 2 ** round, 50_000);
    this.untilMs = nowMs + this.#lastOpenMs;
  }
}

describe("over any order of entries, ends and time", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("enter" as const) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("leave" as const),
        which: fc.nat(),
        result: fc.constantFrom<BreakerResult>("failure", "failure", "success", "neutral"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat(2_000), fc.nat(80_000)) }),
    },
  );
  const settings = fc.record({
    consecutive: fc.integer({ min: 1, max: 6 }),
    failureShare: fc.constantFrom(0, 0.1, 0.3, 0.5, 0.55, 0.9, 1),
    windowMs: fc.constantFrom(1_000, 10_000, 60_000),
    minimum: fc.integer({ min: 1, max: 12 }),
    openMs: fc.constantFrom(1_000, 5_000, 30_000),
    slowStartMs: fc.constantFrom(0, 5_000, 30_000),
  });

  test("it does what the documented rules say, and never has two probes out", () => {
    let [opened, closed] = [0, 0];
    fc.assert(
      fc.property(settings, fc.array(step, { maxLength: 250, size: "max" }), (drawn, steps) => {
        const breaker = new Breaker(drawn, {
          random: () => 0.5,
          onChange: (state) => {
            if (state === "open") opened++;
            if (state === "closed") closed++;
          },
        });
        const model = new NaiveBreaker(drawn);
        const out: { readonly entry: BreakerEntry; readonly atMs: number }[] = [];
        let nowMs = 0;
        for (const one of steps) {
          if (one.kind === "wait") nowMs += one.ms;
          else if (one.kind === "enter") {
            const entry = breaker.enter(nowMs);
            expect(entry).toBe(model.enter(nowMs));
            if (entry !== null) out.push({ entry, atMs: nowMs });
          } else if (out.length > 0) {
            const [{ entry, atMs }] = out.splice(one.which % out.length, 1) as [(typeof out)[number]];
            breaker.leave(entry, one.result, nowMs, atMs);
            model.leave(entry, one.result, nowMs, atMs);
          }
          expect(out.filter(({ entry }) => entry === "probe").length).toBeLessThanOrEqual(1);
          const state = breaker.state(nowMs);
          const isOver = model.kind === "open" && nowMs >= model.untilMs;
          expect(state.kind).toBe(isOver ? "half-open" : model.kind);
          if (state.kind === "open") expect(state.untilMs).toBeCloseTo(model.untilMs, 6);
          if (state.kind === "half-open") expect(state.isProbing).toBe(model.isProbing);
          // What it tells of itself agrees with what it does.
          const share = breaker.share(nowMs);
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
          const retryAtMs = breaker.retryAtMs(nowMs);
          expect(retryAtMs === null).toBe(share > 0);
          if (retryAtMs !== null) expect(retryAtMs).toBeGreaterThan(nowMs);
        }
      }),
      { seed: 42, numRuns },
    );
    // The drawn orders go everywhere.
    expect(opened).toBeGreaterThan(numRuns / 2);
    expect(closed).toBeGreaterThan(numRuns / 10);
  });
});
