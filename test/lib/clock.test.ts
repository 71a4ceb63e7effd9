import { describe, expect, test } from "bun:test";
import { scheduleTimeout, SimulatedClock, systemClock } from "../../src/lib/clock.ts";

describe("the simulated clock", () => {
  test("makes calls in order of their time, then of their scheduling, each at its own moment", () => {
    const clock = new SimulatedClock(1000);
    const made: string[] = [];
    for (const [name, delayMs] of [
      ["b", 20],
      ["a", 10],
      ["c", 20],
      ["late", 31],
    ] as const) {
      clock.schedule(delayMs, () => made.push(`${name}@${clock.nowMs()}`));
    }
    clock.advance(30);
    expect(made).toEqual(["a@1010", "b@1020", "c@1020"]);
    expect(clock.nowMs()).toBe(1030);
    expect(clock.pending).toBe(1);
  });

  test("makes calls scheduled by calls when their time comes on the way", () => {
    const clock = new SimulatedClock();
    const made: number[] = [];
    clock.schedule(10, () => clock.schedule(5, () => made.push(clock.nowMs())));
    clock.advance(20);
    expect(made).toEqual([15]);
  });

  test("does not make a call that was taken back, even by an earlier call of the same moment", () => {
    const clock = new SimulatedClock();
    let wasMade = false;
    clock.schedule(10, () => cancel());
    const cancel = clock.schedule(10, () => {
      wasMade = true;
    });
    clock.advance(10);
    expect(wasMade).toBe(false);
    expect(clock.pending).toBe(0);
    cancel();
  });

  test("moves wall time with its own", () => {
    const clock = new SimulatedClock(5, Date.UTC(2026, 0, 1));
    clock.advance(1000);
    expect(new Date(clock.wallMs()).toISOString()).toBe("2026-01-01T00:00:01.000Z");
  });
});

test("the system clock never goes back, and its wall time is the machine's", () => {
  const before = systemClock.nowMs();
  expect(systemClock.nowMs()).toBeGreaterThanOrEqual(before);
  expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(60_000);
});

test("a timeout is made once, and not at all when taken back", async () => {
  const made: string[] = [];
  scheduleTimeout(1, () => made.push("taken back"))();
  await new Promise<void>((resolve) => {
    scheduleTimeout(2, () => {
      made.push("made");
      resolve();
    });
  });
  expect(made).toEqual(["made"]);
});
