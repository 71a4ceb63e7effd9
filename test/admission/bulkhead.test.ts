import { describe, expect, test } from "bun:test";
import type { BulkheadLimits } from "../../src/admission/bulkhead-limits.ts";
import { Bulkhead, type Permit, type RejectReason, type Ticket } from "../../src/admission/bulkhead.ts";
import { PermitLedger } from "../../src/admission/permit-ledger.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";

type Queue = { readonly size: number; readonly timeoutMs: number } | null;

/** Limits of slots alone. */
function slots(maxConcurrent: number | null, queue: Queue): BulkheadLimits {
  return { maxConcurrent, maxTokens: null, queue, reserved: null };
}

function setUp(maxConcurrent: number | null, queue: Queue = null, more: Partial<BulkheadLimits> = {}) {
  const clock = new SimulatedClock();
  const defects: string[] = [];
  const ledger = new PermitLedger((what) => defects.push(what));
  const bulkhead = new Bulkhead({
    name: "openai",
    ...slots(maxConcurrent, queue),
    ...more,
    ledger,
    schedule: clock.schedule,
  });
  return { clock, ledger, bulkhead, defects };
}

/** A waiter that writes down what it hears. */
function wait(bulkhead: Bulkhead, name: string, heard: string[]): { ticket: Ticket; permit: () => Permit } {
  let permit: Permit | null = null;
  const ticket = bulkhead.enqueue({
    onGranted(granted) {
      permit = granted;
      heard.push(`${name} granted`);
    },
    onRejected: (reason) => heard.push(`${name} ${reason}`),
  });
  return {
    ticket,
    permit: () => {
      if (permit === null) throw new Error(`${name} holds no permit`);
      return permit;
    },
  };
}

function acquire(bulkhead: Bulkhead): Permit {
  const permit = bulkhead.tryAcquire();
  if (permit === null) throw new Error("expected a free slot");
  return permit;
}

describe("a bulkhead without a queue", () => {
  test("gives as many permits as its limit and refuses the next", () => {
    const { bulkhead, ledger } = setUp(2);
    const first = acquire(bulkhead);
    acquire(bulkhead);
    expect(bulkhead.tryAcquire()).toBeNull();
    expect(bulkhead.inFlight).toBe(2);
    first.settle();
    expect(bulkhead.inFlight).toBe(1);
    expect(bulkhead.tryAcquire()).not.toBeNull();
    expect(ledger.held).toBe(2);
  });

  test("rejects a waiter as full before enqueue returns", () => {
    const { bulkhead, clock } = setUp(1);
    acquire(bulkhead);
    const heard: string[] = [];
    wait(bulkhead, "a", heard).ticket.leave();
    expect(heard).toEqual(["a full"]);
    expect(bulkhead.queued).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("counts what is in flight when it has no limit", () => {
    const { bulkhead, ledger } = setUp(null);
    const permits = Array.from({ length: 1000 }, () => acquire(bulkhead));
    expect(bulkhead.inFlight).toBe(1000);
    for (const permit of permits) permit.settle();
    expect(bulkhead.inFlight).toBe(0);
    expect(ledger.held).toBe(0);
    expect(ledger.acquired).toBe(1000);
  });
});

describe("a permit", () => {
  test("settled twice releases once, and the ledger hears of it", () => {
    const { bulkhead, ledger, defects } = setUp(2);
    const first = acquire(bulkhead);
    acquire(bulkhead);
    first.settle();
    first.settle();
    expect(bulkhead.inFlight).toBe(1);
    expect(ledger.held).toBe(1);
    expect(ledger.doubleSettled).toBe(1);
    expect(defects).toEqual(['a permit of the bulkhead "openai" was settled twice']);
  });

  test("is counted by one ledger over several bulkheads", () => {
    const { ledger, clock, bulkhead } = setUp(1);
    const other = new Bulkhead({
      name: "other",
      ...slots(null, null),
      ledger,
      schedule: clock.schedule,
    });
    const permits = [acquire(bulkhead), acquire(other)];
    expect(ledger.held).toBe(2);
    for (const permit of permits) permit.settle();
    expect(ledger.held).toBe(0);
  });
});

describe("a queue", () => {
  test("serves first come first served, in the same call as the settle", () => {
    const { bulkhead } = setUp(1, { size: 3, timeoutMs: 100 });
    const holder = acquire(bulkhead);
    const heard: string[] = [];
    const a = wait(bulkhead, "a", heard);
    const b = wait(bulkhead, "b", heard);
    expect(bulkhead.queued).toBe(2);
    holder.settle();
    expect(heard).toEqual(["a granted"]);
    a.permit().settle();
    expect(heard).toEqual(["a granted", "b granted"]);
    b.permit().settle();
    expect(bulkhead.inFlight).toBe(0);
  });

  test("grants at once when a slot is free, and needs no timer then", () => {
    const { bulkhead, clock } = setUp(1, { size: 3, timeoutMs: 100 });
    const heard: string[] = [];
    const a = wait(bulkhead, "a", heard);
    expect(heard).toEqual(["a granted"]);
    expect(clock.pending).toBe(0);
    a.ticket.leave();
    expect(bulkhead.inFlight).toBe(1);
  });

  test("lets nobody overtake: tryAcquire fails for a caller met while another is being granted", () => {
    const { bulkhead } = setUp(2, { size: 3, timeoutMs: 100 });
    const holders = [acquire(bulkhead), acquire(bulkhead)];
    const overtaken: (Permit | null)[] = [];
    const heard: string[] = [];
    bulkhead.enqueue({
      onGranted: () => void overtaken.push(bulkhead.tryAcquire()),
      onRejected: () => heard.push("a rejected"),
    });
    wait(bulkhead, "b", heard);
    bulkhead.reconfigure(slots(4, null));
    expect(overtaken).toEqual([null]);
    expect(heard).toEqual(["b granted"]);
    for (const holder of holders) holder.settle();
    expect(bulkhead.inFlight).toBe(2);
  });

  test("rejects the one beyond its size as full and keeps the others", () => {
    const { bulkhead } = setUp(1, { size: 2, timeoutMs: 100 });
    const holder = acquire(bulkhead);
    const heard: string[] = [];
    for (const name of ["a", "b", "c"]) wait(bulkhead, name, heard);
    expect(heard).toEqual(["c full"]);
    holder.settle();
    expect(heard).toEqual(["c full", "a granted"]);
  });

  test("rejects who waited longer than the timeout, not before", () => {
    const { bulkhead, clock } = setUp(1, { size: 2, timeoutMs: 100 });
    const holder = acquire(bulkhead);
    const heard: string[] = [];
    wait(bulkhead, "a", heard);
    clock.advance(99);
    wait(bulkhead, "b", heard);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect(heard).toEqual(["a timeout"]);
    holder.settle();
    clock.advance(1000);
    expect(heard).toEqual(["a timeout", "b granted"]);
    expect(clock.pending).toBe(0);
  });

  test.each([["first"], ["middle"], ["last"]])("frees the place of the %s who leaves, at once and only once", (who) => {
    const { bulkhead, clock } = setUp(1, { size: 3, timeoutMs: 100 });
    const holder = acquire(bulkhead);
    const heard: string[] = [];
    const waiters = ["first", "middle", "last"].map((name) => ({ name, ...wait(bulkhead, name, heard) }));
    const leaver = waiters.find((waiter) => waiter.name === who);
    leaver?.ticket.leave();
    leaver?.ticket.leave();
    expect(bulkhead.queued).toBe(2);
    expect(clock.pending).toBe(2);
    wait(bulkhead, "new", heard);
    expect(heard).toEqual([]);
    const order = [...waiters.map((waiter) => waiter.name).filter((name) => name !== who), "new"];
    bulkhead.reconfigure(slots(4, null));
    expect(heard).toEqual(order.map((name) => `${name} granted`));
    holder.settle();
    expect(bulkhead.inFlight).toBe(3);
    expect(clock.pending).toBe(0);
  });

  test("is served by a loop: a long queue of waiters that settle at once does not exhaust the stack", () => {
    const { bulkhead, ledger } = setUp(1, { size: 200_000, timeoutMs: 100 });
    const holder = acquire(bulkhead);
    let granted = 0;
    for (let i = 0; i < 200_000; i++) {
      bulkhead.enqueue({
        onGranted(permit) {
          granted++;
          permit.settle();
        },
        onRejected: () => {},
      });
    }
    holder.settle();
    expect(granted).toBe(200_000);
    expect(ledger.held).toBe(0);
    expect(ledger.failedWaiters).toBe(0);
  });

  test("survives a waiter that throws: its slot is not lost, the next is served, the settler goes on", () => {
    const { bulkhead, ledger, defects } = setUp(1, { size: 3, timeoutMs: 100 });
    const holder = acquire(bulkhead);
    const heard: string[] = [];
    bulkhead.enqueue({
      onGranted: () => {
        throw new Error("broken waiter");
      },
      onRejected: () => {},
    });
    const b = wait(bulkhead, "b", heard);
    holder.settle();
    expect(heard).toEqual(["b granted"]);
    expect(ledger.failedWaiters).toBe(1);
    expect(defects).toHaveLength(1);
    b.permit().settle();
    expect(ledger.held).toBe(0);
    expect(ledger.doubleSettled).toBe(0);
  });

  test("survives a waiter that throws when its time is up", () => {
    const { bulkhead, ledger, clock } = setUp(1, { size: 1, timeoutMs: 10 });
    acquire(bulkhead);
    bulkhead.enqueue({
      onGranted: () => {},
      onRejected: () => {
        throw new Error("broken waiter");
      },
    });
    clock.advance(10);
    expect(ledger.failedWaiters).toBe(1);
    expect(bulkhead.queued).toBe(0);
  });
});

describe("reconfigure", () => {
  test("raising the limit grants waiters; lowering it revokes nothing", () => {
    const { bulkhead } = setUp(1, { size: 5, timeoutMs: 100 });
    const permits = [acquire(bulkhead)];
    const heard: string[] = [];
    const waiters = ["a", "b", "c"].map((name) => wait(bulkhead, name, heard));
    bulkhead.reconfigure(slots(3, { size: 5, timeoutMs: 100 }));
    expect(heard).toEqual(["a granted", "b granted"]);
    bulkhead.reconfigure(slots(1, { size: 5, timeoutMs: 100 }));
    expect(bulkhead.inFlight).toBe(3);
    for (const permit of [...permits, ...waiters.slice(0, 2).map((waiter) => waiter.permit())]) {
      expect(heard).toHaveLength(2);
      permit.settle();
    }
    expect(heard).toEqual(["a granted", "b granted", "c granted"]);
    expect(bulkhead.inFlight).toBe(1);
  });

  test("taking the queue away keeps who waits and refuses who comes", () => {
    const { bulkhead, clock } = setUp(1, { size: 5, timeoutMs: 100 });
    const holder = acquire(bulkhead);
    const heard: string[] = [];
    wait(bulkhead, "a", heard);
    wait(bulkhead, "b", heard);
    bulkhead.reconfigure(slots(1, null));
    wait(bulkhead, "c", heard);
    expect(heard).toEqual(["c full"]);
    holder.settle();
    clock.advance(100);
    expect(heard).toEqual(["c full", "a granted", "b timeout"]);
  });

  test.each([
    [{ maxConcurrent: 0, queue: null }, "maxConcurrent should be a positive integer or null, got 0"],
    [{ maxConcurrent: 1.5, queue: null }, "maxConcurrent should be a positive integer or null, got 1.5"],
    [{ maxConcurrent: 1, queue: { size: -1, timeoutMs: 1 } }, "queue.size should be a whole number, 0 or more, got -1"],
    [
      { maxConcurrent: 1, queue: { size: 1, timeoutMs: Number.NaN } },
      "queue.timeoutMs should be a finite number, 0 or more, got NaN",
    ],
    [{ maxConcurrent: 1, queue: null, maxTokens: 0 }, "maxTokens should be a positive integer or null, got 0"],
    [
      { maxConcurrent: 1, queue: null, reserved: { high: 0.1, normal: 1.5 } },
      "reserved.normal should be a share from 0 to 1, got 1.5",
    ],
  ])("refuses %j, saying what was expected", (limits, message) => {
    const { bulkhead } = setUp(1);
    expect(() => bulkhead.reconfigure({ maxTokens: null, reserved: null, ...limits })).toThrow(message);
  });
});

/** mulberry32: small, seeded, the same everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

type Waiting = { id: number; deadlineMs: number; ticket: Ticket | null };

/**
 * A model beside the machine: a plain list of who waits and who holds, kept by the rules in the header of bulkhead.ts.
 * After every random step both must agree, and every event must be one the model allows.
 */
function fuzz(seed: number, steps: number): { granted: number; rejected: Record<RejectReason, number>; left: number } {
  const random = seededRandom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const pickLimits = () =>
    slots(random() < 0.1 ? null : 1 + below(6), random() < 0.2 ? null : { size: below(8), timeoutMs: 1 + below(50) });
  const clock = new SimulatedClock();
  // The bulkhead catches what a waiter throws, and so also what `fail` throws inside one: kept here and thrown again.
  let thrownInside: unknown = null;
  const ledger = new PermitLedger((_what, cause) => {
    thrownInside ??= cause;
  });
  let limits = pickLimits();
  const bulkhead = new Bulkhead({ name: "fuzzed", ...limits, ledger, schedule: clock.schedule });

  const held: Permit[] = [];
  let waiting: Waiting[] = [];
  let wasDoubleSettled = 0;
  let nextId = 0;
  const told = { granted: 0, rejected: { full: 0, timeout: 0, shed: 0 }, left: 0 };
  const limit = () => limits.maxConcurrent ?? Number.POSITIVE_INFINITY;
  const fail = (what: string): never => {
    throw new Error(`seed ${seed}: ${what}`);
  };

  const onGranted = (permit: Permit) => {
    if (held.length >= limit()) fail(`granted beyond the limit of ${limit()}`);
    told.granted++;
    if (random() < 0.15) permit.settle();
    else held.push(permit);
    // Inside a callback others may still wait beside a free slot: nobody may slip in before them.
    if (random() < 0.1) tryAcquire();
    if (random() < 0.1) enqueue();
  };

  const tryAcquire = () => {
    const mayPass = waiting.length === 0 && held.length < limit();
    const permit = bulkhead.tryAcquire();
    if ((permit !== null) !== mayPass) fail(`tryAcquire ${permit === null ? "failed" : "passed"} against the rules`);
    if (permit !== null) held.push(permit);
  };

  const enqueue = () => {
    const entry: Waiting = {
      id: nextId++,
      deadlineMs: clock.nowMs() + (limits.queue?.timeoutMs ?? 0),
      ticket: null,
    };
    const hasRoom = waiting.length === 0 && held.length < limit();
    const hasPlace = waiting.length < (limits.queue?.size ?? 0);
    let heard = 0;
    const isDirect = () => entry.ticket === null;
    if (!hasRoom && hasPlace) waiting.push(entry);
    entry.ticket = bulkhead.enqueue({
      onGranted(permit) {
        if (heard++ > 0) fail("a waiter heard twice");
        if (isDirect()) {
          if (!hasRoom) fail("granted at once without room");
        } else if (waiting.shift() !== entry) fail("granted out of turn");
        onGranted(permit);
      },
      onRejected(reason) {
        if (heard++ > 0) fail("a waiter heard twice");
        told.rejected[reason]++;
        if (reason === "full") {
          if (hasRoom || hasPlace || !isDirect()) fail("rejected as full without being full");
          return;
        }
        if (clock.nowMs() !== entry.deadlineMs) fail(`timed out at ${clock.nowMs()}, not at ${entry.deadlineMs}`);
        if (!waiting.includes(entry)) fail("timed out without waiting");
        waiting = waiting.filter((other) => other !== entry);
      },
    });
    if (heard === 0 && !waiting.includes(entry)) fail("heard nothing and does not wait");
  };

  const settleOne = () => {
    const [permit] = held.splice(below(held.length), 1);
    permit?.settle();
    if (permit !== undefined && random() < 0.05) {
      permit.settle();
      wasDoubleSettled++;
    }
  };

  const step = () => {
    const roll = random();
    if (roll < 0.2) tryAcquire();
    else if (roll < 0.5) enqueue();
    else if (roll < 0.75) settleOne();
    else if (roll < 0.85) {
      const [leaver] = waiting.splice(below(waiting.length), 1);
      if (leaver !== undefined) told.left++;
      leaver?.ticket?.leave();
      leaver?.ticket?.leave();
    } else if (roll < 0.95) clock.advance(below(20));
    else {
      limits = pickLimits();
      bulkhead.reconfigure(limits);
    }
  };

  const checkAgreement = () => {
    if (thrownInside !== null) throw thrownInside;
    if (bulkhead.inFlight !== held.length) fail(`${bulkhead.inFlight} in flight, the model has ${held.length}`);
    if (bulkhead.queued !== waiting.length) fail(`${bulkhead.queued} queued, the model has ${waiting.length}`);
    if (ledger.held !== held.length) fail(`${ledger.held} in the ledger, the model has ${held.length}`);
    if (ledger.doubleSettled !== wasDoubleSettled) fail("double settles miscounted");
    if (clock.pending !== waiting.length) fail(`${clock.pending} timers for ${waiting.length} waiters`);
    if (waiting.length > 0 && held.length < limit()) fail("somebody waits beside a free slot");
  };

  for (let i = 0; i < steps; i++) {
    step();
    checkAgreement();
  }
  while (held.length > 0) settleOne();
  clock.advance(1000);
  while (held.length > 0) settleOne();
  checkAgreement();
  if (ledger.held !== 0 || bulkhead.queued !== 0 || clock.pending !== 0) fail("something is left at the end");
  return told;
}

test("random acquire, enqueue, leave, settle, timeout and reconfigure agree with a plain model", () => {
  const total = { granted: 0, full: 0, timeout: 0, left: 0 };
  for (let seed = 1; seed <= 200; seed++) {
    const told = fuzz(seed, 500);
    total.granted += told.granted;
    total.full += told.rejected.full;
    total.timeout += told.rejected.timeout;
    total.left += told.left;
  }
  // The walk must reach every kind of ending often, or agreement means nothing.
  for (const count of Object.values(total)) expect(count).toBeGreaterThan(500);
});
