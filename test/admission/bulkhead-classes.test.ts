/** Bulkheads with tokens, priority classes and reserved shares: who is let in, who waits, who comes first. */
import { describe, expect, test } from "bun:test";
import { type BulkheadLimits, divideSlots, isUnlimited } from "../../src/admission/bulkhead-limits.ts";
import { Bulkhead, GUARD_AFTER, MAX_OVERTAKES, type Permit, type Ticket } from "../../src/admission/bulkhead.ts";
import { PermitLedger } from "../../src/admission/permit-ledger.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { PRIORITIES, type Priority } from "../../src/policy.ts";

const QUEUE = { size: 1_000, timeoutMs: 1_000 };

function setUp(limits: Partial<BulkheadLimits>) {
  const clock = new SimulatedClock();
  const ledger = new PermitLedger();
  const all: BulkheadLimits = { maxConcurrent: null, maxTokens: null, queue: null, reserved: null, ...limits };
  const bulkhead = new Bulkhead({ name: "openai", ...all, ledger, schedule: clock.schedule });
  return { clock, ledger, bulkhead, all };
}

function acquire(bulkhead: Bulkhead, tokens = 0, priority: Priority = "normal"): Permit {
  const permit = bulkhead.tryAcquire(tokens, priority);
  if (permit === null) throw new Error("expected it to fit");
  return permit;
}

/** Lines up; what becomes of it is written down, and its permit kept. */
function wait(bulkhead: Bulkhead, heard: string[], name: string, tokens = 0, priority: Priority = "normal") {
  const waiting: { permit: Permit | null; ticket: Ticket | null } = { permit: null, ticket: null };
  waiting.ticket = bulkhead.enqueue(
    {
      onGranted(permit) {
        waiting.permit = permit;
        heard.push(name);
      },
      onRejected: (reason) => heard.push(`${name} ${reason}`),
    },
    tokens,
    priority,
  );
  return waiting;
}

/** Lines up, and goes at once when it is let in. */
function passThrough(bulkhead: Bulkhead, heard: string[], name: string, tokens = 0, priority: Priority = "normal") {
  bulkhead.enqueue(
    {
      onGranted(permit) {
        heard.push(name);
        permit.settle();
      },
      onRejected: (reason) => heard.push(`${name} ${reason}`),
    },
    tokens,
    priority,
  );
}

describe("tokens in flight", () => {
  test("are bounded beside the slots, and come back with the permit", () => {
    const { bulkhead } = setUp({ maxConcurrent: 10, maxTokens: 100 });
    const first = acquire(bulkhead, 60);
    expect(bulkhead.tryAcquire(41)).toBeNull();
    acquire(bulkhead, 40);
    expect(bulkhead.tokensInFlight).toBe(100);
    expect(bulkhead.tryAcquire(1)).toBeNull();
    first.settle();
    expect(bulkhead.tokensInFlight).toBe(40);
    expect(bulkhead.tryAcquire(60)).not.toBeNull();
  });

  test("of a request larger than the limit are admitted while none are in flight, and alone", () => {
    const { bulkhead } = setUp({ maxTokens: 100 });
    const small = acquire(bulkhead, 1);
    expect(bulkhead.tryAcquire(500)).toBeNull();
    small.settle();
    const large = acquire(bulkhead, 500);
    expect(bulkhead.tokensInFlight).toBe(500);
    expect(bulkhead.tryAcquire(1)).toBeNull();
    expect(bulkhead.tryAcquire(0)).not.toBeNull();
    large.settle();
    expect(bulkhead.tokensInFlight).toBe(0);
  });

  test("may be set right later: fewer let a waiter in, more revoke nothing, after the settle nothing changes", () => {
    const { bulkhead } = setUp({ maxTokens: 100, queue: QUEUE });
    const holder = acquire(bulkhead, 100);
    const heard: string[] = [];
    const a = wait(bulkhead, heard, "a", 30);
    holder.adjust(71);
    expect(heard).toEqual([]);
    holder.adjust(70);
    expect(heard).toEqual(["a"]);
    a.permit?.adjust(80);
    expect(bulkhead.tokensInFlight).toBe(150);
    expect(bulkhead.tryAcquire(1)).toBeNull();
    a.permit?.settle();
    a.permit?.adjust(1_000);
    expect(bulkhead.tokensInFlight).toBe(70);
  });

  test.each([[Number.NaN], [-5], [Number.NEGATIVE_INFINITY]])("that are no count (%p) count nothing", (tokens) => {
    const { bulkhead } = setUp({ maxTokens: 10 });
    const permit = acquire(bulkhead, tokens);
    expect(bulkhead.tokensInFlight).toBe(0);
    permit.settle();
  });

  test.each([[Number.POSITIVE_INFINITY], [1e300], [0.1]])("that are %p come back to exactly 0", (tokens) => {
    const { bulkhead } = setUp({ maxTokens: null });
    const permits = Array.from({ length: 30 }, () => acquire(bulkhead, tokens));
    for (const permit of permits) permit.settle();
    expect(bulkhead.tokensInFlight).toBe(0);
  });

  test("whose limit is raised let waiters in at once", () => {
    const { bulkhead, all } = setUp({ maxTokens: 100, queue: QUEUE });
    acquire(bulkhead, 100);
    const heard: string[] = [];
    wait(bulkhead, heard, "a", 50);
    bulkhead.reconfigure({ ...all, maxTokens: 150 });
    expect(heard).toEqual(["a"]);
    expect(bulkhead.boundsTokens).toBe(true);
    bulkhead.reconfigure({ ...all, maxTokens: null });
    expect(bulkhead.boundsTokens).toBe(false);
  });
});

describe("a large request that waits for tokens", () => {
  test("is overtaken by small ones of its class and below, so often and no more, then holds the line until it fits", () => {
    const { bulkhead } = setUp({ maxTokens: 100, queue: QUEUE });
    const holder = acquire(bulkhead, 50);
    const heard: string[] = [];
    const large = wait(bulkhead, heard, "large", 100);
    for (let count = 0; count < MAX_OVERTAKES; count++) {
      passThrough(bulkhead, heard, "small", 10, count % 2 === 0 ? "normal" : "low");
    }
    expect(heard).toEqual(Array.from({ length: MAX_OVERTAKES }, () => "small"));
    passThrough(bulkhead, heard, "late", 10);
    passThrough(bulkhead, heard, "late and low", 10, "low");
    expect(bulkhead.tryAcquire(10)).toBeNull();
    expect(heard).toHaveLength(MAX_OVERTAKES);
    holder.settle();
    expect(heard.at(-1)).toBe("large");
    large.permit?.settle();
    expect(heard.slice(-2)).toEqual(["late", "late and low"]);
  });

  test("lets the more urgent pass while it holds the line, until the guard makes its class due", () => {
    const { bulkhead } = setUp({ maxTokens: 100, queue: QUEUE });
    acquire(bulkhead, 50);
    const heard: string[] = [];
    wait(bulkhead, heard, "large", 100);
    for (let count = 0; count < MAX_OVERTAKES; count++) passThrough(bulkhead, heard, "small", 10);
    expect(bulkhead.tryAcquire(10, "normal")).toBeNull();
    for (let count = 0; count < GUARD_AFTER; count++) acquire(bulkhead, 1, "high").settle();
    expect(bulkhead.tryAcquire(1, "high")).toBeNull();
  });

  test("is looked past by those who line up behind it and fit", () => {
    const { bulkhead } = setUp({ maxTokens: 100, queue: QUEUE });
    const holder = acquire(bulkhead, 80);
    const heard: string[] = [];
    for (const [name, tokens] of [
      ["large", 100],
      ["middle", 50],
      ["small", 40],
    ] as const)
      wait(bulkhead, heard, name, tokens);
    holder.adjust(60);
    expect(heard).toEqual(["small"]);
    expect(bulkhead.queued).toBe(2);
  });

  test("holds the line for a quarter of the queue's time, then nobody does for three quarters", () => {
    const { bulkhead, clock } = setUp({ maxTokens: 100, queue: QUEUE });
    acquire(bulkhead, 50);
    const heard: string[] = [];
    const small = (): boolean => {
      const permit = bulkhead.tryAcquire(10, "low");
      permit?.settle();
      return permit !== null;
    };
    wait(bulkhead, heard, "large", 100);
    wait(bulkhead, heard, "as large", 100, "low");
    for (let count = 0; count < MAX_OVERTAKES; count++) expect(small()).toBe(true);
    const blockedMs: number[] = [];
    for (let ms = 0; ms < 2_300; ms++) {
      if (ms === 990) wait(bulkhead, heard, "later", 100);
      if (!small()) blockedMs.push(ms);
      clock.advance(1);
    }
    // One hold; the second only after a truce, and for the one that is there by then.
    expect([blockedMs[0], blockedMs[249], blockedMs[250], blockedMs.length]).toEqual([0, 249, 1_032, 499]);
    expect(heard).toEqual(["large timeout", "as large timeout", "later timeout"]);
  });

  test("that was let in leaves no truce behind: the next may hold the line at once", () => {
    const { bulkhead, clock } = setUp({ maxTokens: 100, queue: QUEUE });
    const heard: string[] = [];
    for (const name of ["first", "second"]) {
      const holder = acquire(bulkhead, 50);
      const large = wait(bulkhead, heard, name, 100);
      for (let count = 0; count < MAX_OVERTAKES; count++) passThrough(bulkhead, heard, "small", 10);
      expect(bulkhead.tryAcquire(10)).toBeNull();
      holder.settle();
      expect(heard.at(-1)).toBe(name);
      large.permit?.settle();
      expect(clock.pending).toBe(0);
    }
  });

  test("that gives up while it holds the line opens it, though another has waited as long", () => {
    const { bulkhead, clock } = setUp({ maxTokens: 100, queue: QUEUE });
    acquire(bulkhead, 50);
    const heard: string[] = [];
    const large = wait(bulkhead, heard, "large", 100);
    wait(bulkhead, heard, "as large", 100, "low");
    for (let count = 0; count < MAX_OVERTAKES; count++) acquire(bulkhead, 10, "low").settle();
    expect(bulkhead.tryAcquire(10, "low")).toBeNull();
    large.ticket?.leave();
    expect(bulkhead.tryAcquire(10, "low")).not.toBeNull();
    expect(clock.pending).toBe(2);
  });

  test("whose time is up while it holds the line lets those behind it pass at once", () => {
    const { bulkhead, clock } = setUp({ maxTokens: 100, queue: QUEUE });
    acquire(bulkhead, 50);
    const heard: string[] = [];
    wait(bulkhead, heard, "large", 100);
    clock.advance(900);
    for (let count = 0; count < MAX_OVERTAKES; count++) acquire(bulkhead, 10).settle();
    wait(bulkhead, heard, "small", 10);
    clock.advance(99);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect(heard).toEqual(["large timeout", "small"]);
  });

  test("that is shed while it holds the line lets the others pass at once", () => {
    const { bulkhead } = setUp({ maxTokens: 100, queue: { size: 2, timeoutMs: 1_000 } });
    acquire(bulkhead, 50);
    const heard: string[] = [];
    wait(bulkhead, heard, "low", 100, "low");
    for (let count = 0; count < MAX_OVERTAKES; count++) acquire(bulkhead, 10, "high").settle();
    wait(bulkhead, heard, "normal", 10);
    expect(heard).toEqual([]);
    wait(bulkhead, heard, "high", 100, "high");
    expect(heard).toEqual(["low shed", "normal"]);
  });

  test("does not stop the others for long when it never fits: at most a quarter of the time, however many such come", () => {
    const { bulkhead, clock, ledger } = setUp({ maxTokens: 100, queue: QUEUE });
    const holder = acquire(bulkhead, 1);
    const heard: string[] = [];
    let served = 0;
    for (let ms = 0; ms < 60_000; ms++) {
      // Three classes of them, so that one is always there to hold the line.
      if (ms % 50 === 0) passThrough(bulkhead, heard, "huge", 1_000, PRIORITIES[(ms / 50) % 3]);
      const small = bulkhead.tryAcquire(5, PRIORITIES[ms % 3]);
      if (small !== null) served++;
      small?.settle();
      clock.advance(1);
    }
    expect(served).toBeGreaterThan(60_000 * 0.74);
    expect(served).toBeLessThan(60_000 * 0.95); // but the line was held
    expect(new Set(heard)).toEqual(new Set(["huge timeout"]));
    holder.settle();
    clock.advance(10_000);
    expect(clock.pending).toBe(0);
    expect(ledger.held).toBe(0);
  });

  test("neither starves a thousand small ones nor is starved by them", () => {
    const { bulkhead, clock } = setUp({
      maxConcurrent: 64,
      maxTokens: 250_000,
      queue: { size: 2_000, timeoutMs: 10_000 },
    });
    const waitedMs: number[] = [];
    let largeMs = -1;
    const send = (tokens: number, holdMs: number, onGranted: (ms: number) => void): void => {
      const fromMs = clock.nowMs();
      bulkhead.enqueue(
        {
          onGranted(permit) {
            onGranted(clock.nowMs() - fromMs);
            clock.schedule(holdMs, () => permit.settle());
          },
          onRejected: (reason) => expect(reason).toBe("full"), // which fails: nobody is to be rejected
        },
        tokens,
      );
    };
    // 1,000 a second of 1,000 tokens that take 50 ms: 50 of 64 slots and a fifth of the tokens.
    for (let ms = 0; ms < 5_000; ms++) {
      send(1_000, 50, (each) => waitedMs.push(each));
      if (ms === 1_000) send(200_000, 2_000, (each) => (largeMs = each));
      if (ms === 1_010) send(200_000, 500, () => {});
      clock.advance(1);
    }
    clock.advance(5_000);
    expect(waitedMs).toHaveLength(5_000);
    expect(largeMs).toBeGreaterThanOrEqual(0);
    expect(largeMs).toBeLessThan(200);
    // The second large one waits for the first; meanwhile, and while it drains the line for itself, the small go on.
    expect(Math.max(...waitedMs)).toBeLessThan(3_200);
    expect(bulkhead.inFlight).toBe(0);
  });

  test("that leaves lets those behind it pass at once", () => {
    const { bulkhead } = setUp({ maxTokens: 100, queue: QUEUE });
    acquire(bulkhead, 50);
    const heard: string[] = [];
    const large = wait(bulkhead, heard, "large", 100);
    for (let count = 0; count < MAX_OVERTAKES; count++) passThrough(bulkhead, heard, "small", 10);
    wait(bulkhead, heard, "next", 10);
    expect(heard).not.toContain("next");
    large.ticket?.leave();
    expect(heard.at(-1)).toBe("next");
  });
});

describe("priority classes", () => {
  test("are served the more urgent first, and within a class first come first served", () => {
    const { bulkhead } = setUp({ maxConcurrent: 1, queue: QUEUE });
    const holder = acquire(bulkhead);
    const heard: string[] = [];
    for (const name of ["low 1", "normal 1", "high 1", "low 2", "normal 2", "high 2"]) {
      passThrough(bulkhead, heard, name, 0, name.split(" ")[0] as Priority);
    }
    expect([bulkhead.queuedOf("high"), bulkhead.queuedOf("normal"), bulkhead.queuedOf("low")]).toEqual([2, 2, 2]);
    holder.settle();
    expect(heard).toEqual(["high 1", "high 2", "normal 1", "normal 2", "low 1", "low 2"]);
  });

  test("that wait are served by the eleventh grant, however many more urgent ones there are", () => {
    const { bulkhead } = setUp({ maxConcurrent: 1, queue: QUEUE });
    const holder = acquire(bulkhead);
    const heard: string[] = [];
    for (let count = 0; count < 200; count++) passThrough(bulkhead, heard, "high", 0, "high");
    for (let count = 0; count < 15; count++) passThrough(bulkhead, heard, "normal", 0, "normal");
    for (let count = 0; count < 15; count++) passThrough(bulkhead, heard, "low", 0, "low");
    holder.settle();
    for (const name of ["normal", "low"]) {
      const places = heard.flatMap((each, index) => (each === name ? [index] : []));
      const gaps = places.map((place, index) => place - (places[index - 1] ?? -1));
      expect(Math.max(...gaps)).toBeGreaterThan(GUARD_AFTER);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(GUARD_AFTER + 3);
    }
    // The guard gives them their turn, not the line.
    expect(heard.slice(0, GUARD_AFTER + 3)).toEqual([
      ...Array.from({ length: GUARD_AFTER }, () => "high"),
      "normal",
      "low",
      "high",
    ]);
  });

  test("count newcomers that are let in beside those who wait, too", () => {
    const { bulkhead } = setUp({ maxConcurrent: 4, queue: QUEUE, reserved: { high: 0.5, normal: 0 } });
    const lower = [acquire(bulkhead), acquire(bulkhead)];
    const heard: string[] = [];
    wait(bulkhead, heard, "normal");
    for (let count = 0; count < 20; count++) acquire(bulkhead, 0, "high").settle();
    const high = [acquire(bulkhead, 0, "high"), acquire(bulkhead, 0, "high")];
    wait(bulkhead, heard, "high", 0, "high");
    // A slot that any class may have: it goes to the one that was passed over.
    lower[0]?.settle();
    expect(heard).toEqual(["normal"]);
    high[0]?.settle();
    expect(heard).toEqual(["normal", "high"]);
  });

  test("in a full queue: a more urgent one takes the place of the newest of the least urgent class", () => {
    const { bulkhead, clock } = setUp({ maxConcurrent: 1, queue: { size: 3, timeoutMs: 100 } });
    const holder = acquire(bulkhead);
    const heard: string[] = [];
    for (const name of ["low 1", "low 2", "normal 1"]) wait(bulkhead, heard, name, 0, name.split(" ")[0] as Priority);
    wait(bulkhead, heard, "low 3", 0, "low");
    expect(heard).toEqual(["low 3 full"]);
    wait(bulkhead, heard, "normal 2");
    expect(heard.at(-1)).toBe("low 2 shed");
    wait(bulkhead, heard, "high 1", 0, "high");
    expect(heard.at(-1)).toBe("low 1 shed");
    wait(bulkhead, heard, "normal 3");
    expect(heard.at(-1)).toBe("normal 3 full");
    wait(bulkhead, heard, "high 2", 0, "high");
    expect(heard.at(-1)).toBe("normal 2 shed");
    expect(bulkhead.queued).toBe(3);
    expect(clock.pending).toBe(3);
    holder.settle();
    expect(heard.at(-1)).toBe("high 1");
  });

  test("survive a waiter that throws when it is shed", () => {
    const { bulkhead, ledger } = setUp({ maxConcurrent: 1, queue: { size: 1, timeoutMs: 100 } });
    acquire(bulkhead);
    bulkhead.enqueue(
      {
        onGranted: () => {},
        onRejected: () => {
          throw new Error("broken waiter");
        },
      },
      0,
      "low",
    );
    wait(bulkhead, [], "high", 0, "high");
    expect(ledger.failedWaiters).toBe(1);
    expect(bulkhead.queuedOf("high")).toBe(1);
  });

  test("take nobody's place where the queue was taken away", () => {
    const { bulkhead, all } = setUp({ maxConcurrent: 1, queue: QUEUE });
    acquire(bulkhead);
    const heard: string[] = [];
    wait(bulkhead, heard, "low", 0, "low");
    for (const queue of [null, { size: 0, timeoutMs: 10 }]) {
      bulkhead.reconfigure({ ...all, queue });
      wait(bulkhead, heard, "high", 0, "high");
    }
    expect(heard).toEqual(["high full", "high full"]);
    expect(bulkhead.queued).toBe(1);
  });
});

describe("reserved shares", () => {
  test("keep slots for a class and those above it", () => {
    const { bulkhead } = setUp({ maxConcurrent: 10, reserved: { high: 0.2, normal: 0.3 } });
    const low = Array.from({ length: 5 }, () => acquire(bulkhead, 0, "low"));
    expect(bulkhead.tryAcquire(0, "low")).toBeNull();
    for (let count = 0; count < 3; count++) acquire(bulkhead, 0, "normal");
    expect(bulkhead.tryAcquire(0, "normal")).toBeNull();
    for (let count = 0; count < 2; count++) acquire(bulkhead, 0, "high");
    expect(bulkhead.tryAcquire(0, "high")).toBeNull();
    low[0]?.settle();
    expect(bulkhead.tryAcquire(0, "high")).not.toBeNull();
  });

  test("let a more urgent newcomer pass those who wait for a slot that is not theirs", () => {
    const { bulkhead } = setUp({ maxConcurrent: 2, queue: QUEUE, reserved: { high: 0.5, normal: 0 } });
    acquire(bulkhead, 0, "low");
    const heard: string[] = [];
    wait(bulkhead, heard, "low", 0, "low");
    expect(bulkhead.tryAcquire(0, "normal")).toBeNull();
    expect(bulkhead.tryAcquire(0, "high")).not.toBeNull();
    expect(heard).toEqual([]);
  });

  test.each([
    [1, 0.5, 0.5, [1, 1, 1]],
    [2, 0.1, 0.1, [2, 2, 2]],
    [2, 0.5, 0.5, [2, 1, 1]],
    [2, 1, 1, [2, 1, 1]],
    [10, 0.1, 0.2, [10, 9, 7]],
    [100, 0.29, 0, [100, 71, 71]],
    [null, 0.5, 0.5, [Infinity, Infinity, Infinity]],
  ])(
    "of %p slots, %p for high and %p for normal: every class has one at least",
    (maxConcurrent, high, normal, bounds) => {
      const limits: BulkheadLimits = { maxConcurrent, maxTokens: null, queue: null, reserved: { high, normal } };
      const { forAll, belowHigh, forLow } = divideSlots(limits, Number.POSITIVE_INFINITY);
      expect([forAll, belowHigh, forLow]).toEqual(bounds);
      for (const priority of PRIORITIES) expect(setUp(limits).bulkhead.tryAcquire(0, priority)).not.toBeNull();
    },
  );
});

describe("throttle", () => {
  test("bounds the slots beside the config's limit, over reloads, until it is taken away", () => {
    const { bulkhead, all } = setUp({ maxConcurrent: 10, queue: QUEUE });
    bulkhead.throttle(2.9);
    const holder = acquire(bulkhead);
    acquire(bulkhead);
    expect(bulkhead.isFull).toBe(true);
    const heard: string[] = [];
    wait(bulkhead, heard, "a");
    bulkhead.reconfigure({ ...all, maxConcurrent: 20 });
    bulkhead.throttle(Number.NaN);
    expect(heard).toEqual([]);
    bulkhead.throttle(3);
    expect(heard).toEqual(["a"]);
    bulkhead.throttle(0);
    holder.settle();
    expect(bulkhead.tryAcquire()).toBeNull();
    bulkhead.throttle(null);
    expect(bulkhead.isFull).toBe(false);
    expect(bulkhead.tryAcquire()).not.toBeNull();
  });
});

test("limits that refuse nobody are known as such", () => {
  expect(isUnlimited({ maxConcurrent: null, maxTokens: null })).toBe(true);
  expect(isUnlimited({ maxConcurrent: 1, maxTokens: null })).toBe(false);
  expect(isUnlimited({ maxConcurrent: null, maxTokens: 1 })).toBe(false);
});
