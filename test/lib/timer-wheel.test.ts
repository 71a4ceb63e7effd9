import { describe, expect, test } from "bun:test";
import { type DeadlineOwner, TimerWheel } from "../../src/lib/timer-wheel.ts";

class Owner implements DeadlineOwner {
  deadlineMs = Number.POSITIVE_INFINITY;
  firedAtMs: number[] = [];
  onFire: (() => void) | null = null;
  onDeadline(nowMs: number): void {
    this.firedAtMs.push(nowMs);
    this.onFire?.();
  }
}

function makeWheel() {
  let nowMs = 1_000_000;
  let isTicking = false;
  const wheel = new TimerWheel({
    tickMs: 10,
    clock: () => nowMs,
    startTicker: () => {
      isTicking = true;
      return () => {
        isTicking = false;
      };
    },
  });
  const advance = (ms: number): void => {
    const end = nowMs + ms;
    while (nowMs < end) {
      nowMs = Math.min(end, nowMs + 10);
      if (isTicking) wheel.tick();
    }
  };
  return { wheel, advance, now: () => nowMs, jump: (ms: number) => (nowMs += ms), isTicking: () => isTicking };
}

describe("TimerWheel", () => {
  test("calls an owner once, not before its deadline and at most a tick after it", () => {
    const { wheel, advance, now } = makeWheel();
    const owner = new Owner();
    const dueMs = now() + 95;
    wheel.set(owner, dueMs);
    advance(90);
    expect(owner.firedAtMs).toEqual([]);
    advance(500);
    expect(owner.firedAtMs.length).toBe(1);
    expect(owner.firedAtMs[0]).toBeGreaterThanOrEqual(dueMs);
    expect(owner.firedAtMs[0]).toBeLessThanOrEqual(dueMs + 10);
  });

  test("a deadline moved later by writing the field alone is kept", () => {
    const { wheel, advance, now } = makeWheel();
    const owner = new Owner();
    wheel.set(owner, now() + 50);
    advance(40);
    owner.deadlineMs = now() + 100;
    advance(90);
    expect(owner.firedAtMs).toEqual([]);
    advance(20);
    expect(owner.firedAtMs.length).toBe(1);
  });

  test("a deadline set earlier than before is met", () => {
    const { wheel, advance, now } = makeWheel();
    const owner = new Owner();
    wheel.set(owner, Number.POSITIVE_INFINITY);
    wheel.set(owner, now() + 30);
    advance(50);
    expect(owner.firedAtMs.length).toBe(1);
  });

  test("deadlines many turns ahead wait for their own turn", () => {
    const { wheel, advance, now } = makeWheel();
    const owner = new Owner();
    wheel.set(owner, now() + 60_000);
    advance(59_900);
    expect(owner.firedAtMs).toEqual([]);
    advance(200);
    expect(owner.firedAtMs.length).toBe(1);
  });

  test("ticks only while somebody waits", () => {
    const { wheel, advance, now, isTicking } = makeWheel();
    const owner = new Owner();
    expect(isTicking()).toBe(false);
    wheel.set(owner, now() + 50);
    expect(isTicking()).toBe(true);
    wheel.remove(owner);
    expect(isTicking()).toBe(false);
    wheel.set(owner, now() + 50);
    advance(100);
    expect(owner.firedAtMs.length).toBe(1);
    expect(isTicking()).toBe(false);
    expect(wheel.size).toBe(0);
  });

  test("a sleep longer than a whole turn loses nobody", () => {
    const { wheel, advance, now, jump } = makeWheel();
    const owners = Array.from({ length: 700 }, () => new Owner());
    owners.forEach((owner, index) => wheel.set(owner, now() + index * 10));
    jump(3_600_000);
    wheel.tick();
    advance(10);
    expect(owners.every((owner) => owner.firedAtMs.length === 1)).toBe(true);
    expect(wheel.size).toBe(0);
  });

  test("an owner's callback may remove and set others and itself", () => {
    const { wheel, advance, now } = makeWheel();
    const first = new Owner();
    const second = new Owner();
    const third = new Owner();
    wheel.set(first, now() + 20);
    wheel.set(second, now() + 20);
    wheel.set(third, now() + 20);
    first.onFire = () => {
      wheel.remove(second);
      wheel.set(third, now() + 100);
      if (first.firedAtMs.length === 1) wheel.set(first, now() + 30);
    };
    advance(60);
    expect(first.firedAtMs.length).toBe(2);
    expect(second.firedAtMs).toEqual([]);
    expect(third.firedAtMs).toEqual([]);
    advance(100);
    expect(third.firedAtMs.length).toBe(1);
  });
});
