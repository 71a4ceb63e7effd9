/**
 * Whatever happens at a bulkhead, in any order: a plain model beside it keeps the same books, and every event must be one that the
 * rules in the header of bulkhead.ts allow. FUZZ_COUNT sets the runs.
 */
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { BulkheadLimits } from "../../src/admission/bulkhead-limits.ts";
import { Bulkhead, GUARD_AFTER, type Permit, type RejectReason, type Ticket } from "../../src/admission/bulkhead.ts";
import { PermitLedger } from "../../src/admission/permit-ledger.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { PRIORITIES, type Priority } from "../../src/policy.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 400) };

type Behaviour = "keep" | "settle" | "throw";
type Action =
  | { readonly kind: "acquire"; readonly tokens: number; readonly priority: Priority }
  | { readonly kind: "enqueue"; readonly tokens: number; readonly priority: Priority; readonly behaviour: Behaviour }
  | { readonly kind: "settle"; readonly which: number; readonly isTwice: boolean }
  | { readonly kind: "adjust"; readonly which: number; readonly tokens: number }
  | { readonly kind: "leave"; readonly which: number }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "throttle"; readonly slots: number | null }
  | { readonly kind: "reconfigure"; readonly limits: BulkheadLimits };

const share = fc.constantFrom(0, 0.1, 0.25, 0.5, 1);
const priority = fc.constantFrom(...PRIORITIES);
const which = fc.nat(1_000);

function limitsWith(maxTokens: fc.Arbitrary<number | null>): fc.Arbitrary<BulkheadLimits> {
  return fc.record({
    maxConcurrent: fc.option(fc.integer({ min: 1, max: 6 }), { freq: 5 }),
    maxTokens,
    queue: fc.option(fc.record({ size: fc.nat(8), timeoutMs: fc.integer({ min: 1, max: 60 }) }), { freq: 6 }),
    reserved: fc.option(fc.record({ high: share, normal: share })),
  });
}

function actionsWith(limits: fc.Arbitrary<BulkheadLimits>, tokens: fc.Arbitrary<number>): fc.Arbitrary<Action[]> {
  const behaviour = fc.constantFrom<Behaviour>("keep", "keep", "keep", "settle", "throw");
  const action: fc.Arbitrary<Action> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("acquire"), tokens, priority }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("enqueue"), tokens, priority, behaviour }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("settle"), which, isTwice: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("adjust"), which, tokens }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("leave"), which }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("advance"), ms: fc.nat(25) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("throttle"), slots: fc.option(fc.integer({ min: 1, max: 4 })) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("reconfigure"), limits }) },
  );
  return fc.array(action, { minLength: 20, maxLength: 200 });
}

type Held = { readonly permit: Permit; tokens: number; readonly rank: number };
type Waiting = {
  readonly rank: number;
  readonly tokens: number;
  readonly deadlineMs: number;
  ticket: Ticket | null;
};

/** What a bulkhead should hold, in plain lists. */
class Model {
  readonly clock = new SimulatedClock();
  readonly told: Record<RejectReason | "granted" | "left" | "overtaken", number> = {
    granted: 0,
    full: 0,
    timeout: 0,
    shed: 0,
    left: 0,
    overtaken: 0,
  };
  readonly #ledger: PermitLedger;
  readonly #bulkhead: Bulkhead;
  #limits: BulkheadLimits;
  #throttle: number | null = null;
  #held: Held[] = [];
  #waiting: Waiting[] = [];
  #passedOver = [0, 0, 0];
  #doubleSettled = 0;
  #thrown = 0;
  #failure: string | null = null;

  constructor(limits: BulkheadLimits) {
    this.#limits = limits;
    this.#ledger = new PermitLedger();
    this.#bulkhead = new Bulkhead({ name: "fuzzed", ...limits, ledger: this.#ledger, schedule: this.clock.schedule });
  }

  run(actions: readonly Action[]): void {
    for (const action of actions) {
      this.#act(action);
      this.#check();
    }
    while (this.#held.length > 0) this.#settle(0, false);
    // Whoever waits is heard within its time, whatever the limits are.
    this.clock.advance(60);
    while (this.#held.length > 0) this.#settle(0, false);
    this.clock.advance(60);
    while (this.#held.length > 0) this.#settle(0, false);
    this.#check();
    this.clock.advance(1_000); // a truce may still run
    const { inFlight, tokensInFlight, queued } = this.#bulkhead;
    const left = { inFlight, tokensInFlight, queued, held: this.#ledger.held, timers: this.clock.pending };
    expect(left).toEqual({ inFlight: 0, tokensInFlight: 0, queued: 0, held: 0, timers: 0 });
  }

  // ---- The rules ------------------------------------------------------------------------------------------------------

  #hasSlotFor(rank: number): boolean {
    const slots = Math.min(this.#limits.maxConcurrent ?? Infinity, this.#throttle ?? Infinity);
    const { high, normal } = this.#limits.reserved ?? { high: 0, normal: 0 };
    const forHigh = slots === Infinity ? 0 : Math.floor(slots * high + 1e-9);
    const forNormal = slots === Infinity ? 0 : Math.floor(slots * normal + 1e-9);
    const held = (from: number): number => this.#held.filter((each) => each.rank >= from).length;
    if (held(0) >= slots) return false;
    if (rank >= 1 && held(1) >= Math.max(1, slots - forHigh)) return false;
    return rank < 2 || held(2) < Math.max(1, slots - forHigh - forNormal);
  }

  #hasTokensFor(tokens: number): boolean {
    const sum = this.#tokens();
    return tokens === 0 || sum === 0 || sum + tokens <= (this.#limits.maxTokens ?? Infinity);
  }

  #tokens(): number {
    return this.#held.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  #firstOf(rank: number): Waiting | undefined {
    return this.#waiting.find((each) => each.rank === rank);
  }

  /** Somebody gets a permit: may it, here and now, before the others? `from` null: a newcomer. */
  #judgeGrant(rank: number, tokens: number, from: Waiting | null): void {
    if (!this.#hasSlotFor(rank)) this.#fail(`a slot of class ${rank} that is not there`);
    if (!this.#hasTokensFor(tokens)) this.#fail(`${tokens} tokens beside ${this.#tokens()}`);
    for (let other = 0; other < 3; other++) {
      const first = this.#firstOf(other);
      if (first === undefined) continue;
      const couldGo = first !== from && this.#hasSlotFor(other) && this.#hasTokensFor(first.tokens);
      if (other === rank && couldGo) this.#fail(`class ${rank} out of turn`);
      const isDue = from !== null && (this.#passedOver[rank] as number) >= GUARD_AFTER;
      if (other < rank && couldGo && !isDue) this.#fail(`class ${rank} before ${other}`);
      if (other === rank) this.#passedOver[other] = 0;
      else this.#passedOver[other] = (this.#passedOver[other] as number) + 1;
      if (other === rank && first !== from) this.told.overtaken++;
    }
  }

  // ---- The steps ------------------------------------------------------------------------------------------------------

  #act(action: Action): void {
    switch (action.kind) {
      case "acquire":
        this.#acquire(action.tokens, action.priority);
        return;
      case "enqueue":
        this.#enqueue(action);
        return;
      case "settle":
        if (this.#held.length > 0) this.#settle(action.which % this.#held.length, action.isTwice);
        return;
      case "adjust": {
        const held = this.#held[action.which % Math.max(1, this.#held.length)];
        if (held === undefined) return;
        held.tokens = action.tokens;
        held.permit.adjust(action.tokens);
        return;
      }
      case "leave": {
        const [leaver] = this.#waiting.splice(action.which % Math.max(1, this.#waiting.length), 1);
        if (leaver === undefined) return;
        this.told.left++;
        leaver.ticket?.leave();
        leaver.ticket?.leave();
        return;
      }
      case "advance":
        this.clock.advance(action.ms);
        return;
      case "throttle":
        this.#throttle = action.slots;
        this.#bulkhead.throttle(action.slots);
        return;
      case "reconfigure":
        this.#limits = action.limits;
        this.#bulkhead.reconfigure(action.limits);
        return;
      default:
        action satisfies never;
    }
  }

  #acquire(tokens: number, urgency: Priority): void {
    const rank = PRIORITIES.indexOf(urgency);
    const permit = this.#bulkhead.tryAcquire(tokens, urgency);
    if (permit !== null) {
      this.#judgeGrant(rank, tokens, null);
      this.#held.push({ permit, tokens, rank });
    } else if (this.#waiting.length === 0 && this.#hasSlotFor(rank) && this.#hasTokensFor(tokens)) {
      this.#fail("refused a newcomer that fits while nobody waits");
    }
  }

  #enqueue({ tokens, priority: urgency, behaviour }: Action & { kind: "enqueue" }): void {
    const { queue } = this.#limits;
    const rank = PRIORITIES.indexOf(urgency);
    const entry: Waiting = { rank, tokens, deadlineMs: this.clock.nowMs() + (queue?.timeoutMs ?? 0), ticket: null };
    const isFull = this.#waiting.length >= (queue?.size ?? 0);
    const victim =
      queue === null || queue.size === 0
        ? undefined
        : this.#waiting.findLast((each) => each.rank === this.#lowestBelow(rank));
    let heard = 0;
    let isInside = true;
    const ticket = this.#bulkhead.enqueue(
      {
        onGranted: (permit) => {
          if (heard++ > 0) this.#fail("a waiter heard twice");
          const isWaiting = this.#waiting.includes(entry);
          if (!isWaiting && !isInside) this.#fail("granted without waiting");
          this.#judgeGrant(rank, tokens, isWaiting ? entry : null);
          this.#waiting = this.#waiting.filter((each) => each !== entry);
          this.told.granted++;
          if (behaviour === "throw") {
            this.#thrown++;
            throw new Error("broken waiter");
          }
          this.#held.push({ permit, tokens, rank });
          if (behaviour === "settle") this.#settle(this.#held.length - 1, false);
        },
        onRejected: (reason) => {
          if (heard++ > 0) this.#fail("a waiter heard twice");
          this.told[reason]++;
          const isWaiting = this.#waiting.includes(entry);
          this.#waiting = this.#waiting.filter((each) => each !== entry);
          if (reason === "full") {
            if (!isInside || !isFull || victim !== undefined) this.#fail("full, but it is not");
          } else if (!isWaiting) this.#fail(`${reason} without waiting`);
          else if (reason === "timeout" && this.clock.nowMs() !== entry.deadlineMs)
            this.#fail("timed out at another time");
          if (behaviour === "throw") {
            this.#thrown++;
            throw new Error("broken waiter");
          }
        },
      },
      tokens,
      urgency,
    );
    isInside = false;
    entry.ticket = ticket;
    if (heard > 0) return;
    this.#waiting.push(entry);
    if (isFull && (victim === undefined || this.#waiting.includes(victim))) this.#fail("waits in a full queue");
    if (this.#firstOf(rank) === entry) this.#passedOver[rank] = 0;
  }

  #lowestBelow(rank: number): number {
    for (let below = 2; below > rank; below--) if (this.#firstOf(below) !== undefined) return below;
    return -1;
  }

  #settle(index: number, isTwice: boolean): void {
    const [held] = this.#held.splice(index, 1);
    held?.permit.settle();
    if (held === undefined || !isTwice) return;
    held.permit.settle();
    held.permit.adjust(7);
    this.#doubleSettled++;
  }

  #check(): void {
    if (this.#failure !== null) throw new Error(this.#failure);
    const of = (each: Priority): number => this.#bulkhead.queuedOf(each);
    expect({
      inFlight: this.#bulkhead.inFlight,
      tokens: this.#bulkhead.tokensInFlight,
      queued: PRIORITIES.map(of),
      ledger: [this.#ledger.held, this.#ledger.doubleSettled, this.#ledger.failedWaiters],
    }).toEqual({
      inFlight: this.#held.length,
      tokens: this.#tokens(),
      queued: PRIORITIES.map((_each, rank) => this.#waiting.filter((other) => other.rank === rank).length),
      ledger: [this.#held.length, this.#doubleSettled, this.#thrown],
    });
    // One for each that waits, and one for a hold or a truce.
    expect(this.clock.pending - this.#waiting.length).toBeOneOf([0, 1]);
    for (const each of this.#waiting) {
      if (each.deadlineMs < this.clock.nowMs()) throw new Error("waits beyond its time");
      const isFirst = this.#firstOf(each.rank) === each;
      if (isFirst && this.#hasSlotFor(each.rank) && this.#hasTokensFor(each.tokens))
        throw new Error("waits beside a free place");
    }
  }

  /** Kept, because the bulkhead catches what waiters throw. */
  #fail(what: string): void {
    this.#failure ??= `granted or rejected against the rules: ${what}`;
  }
}

const total: Model["told"] = { granted: 0, full: 0, timeout: 0, shed: 0, left: 0, overtaken: 0 };

function runAll(maxTokens: fc.Arbitrary<number | null>, tokens: fc.Arbitrary<number>): void {
  const limits = limitsWith(maxTokens);
  fc.assert(
    fc.property(limits, actionsWith(limits, tokens), (first, actions) => {
      const model = new Model(first);
      model.run(actions);
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += model.told[key];
    }),
    RUNS,
  );
}

test("slots alone: books balance, urgent before less urgent but for the guard, nobody waits beside a free slot", () => {
  runAll(fc.constant(null), fc.constant(0));
});

test("slots and tokens: books balance, the limits hold but for one oversize request, nobody waits beyond its time", () => {
  const tokens = fc.oneof(
    { weight: 3, arbitrary: fc.nat(20) },
    { weight: 1, arbitrary: fc.integer({ min: 20, max: 150 }) },
  );
  runAll(fc.option(fc.integer({ min: 1, max: 100 }), { freq: 8 }), tokens);
});

test("the walks reach every kind of end often, or their agreement means nothing", () => {
  const rare = Object.entries(total).filter(([, count]) => count < RUNS.numRuns / 10);
  expect(rare).toEqual([]);
});

test("every class gets its turn: with slots alone, a class that waits is never passed over more often than the guard says", () => {
  const event = fc.record({ priority, settles: fc.nat(2) });
  let most = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(event, { minLength: 50, maxLength: 300 }),
      (maxConcurrent, events) => {
        const clock = new SimulatedClock();
        const queue = { size: 50, timeoutMs: 1_000_000 };
        const limits = { maxConcurrent, maxTokens: null, queue, reserved: null };
        const bulkhead = new Bulkhead({
          name: "fair",
          ...limits,
          ledger: new PermitLedger(),
          schedule: clock.schedule,
        });
        const held: Permit[] = [];
        const passed = new Map<Priority, number>();
        for (const { priority: urgency, settles } of events) {
          const onGranted = (permit: Permit): void => {
            held.push(permit);
            passed.set(urgency, 0);
            for (const other of PRIORITIES) {
              if (other === urgency || bulkhead.queuedOf(other) === 0) continue;
              const count = (passed.get(other) ?? 0) + 1;
              passed.set(other, count);
              most = Math.max(most, count);
            }
          };
          if (bulkhead.queuedOf(urgency) === 0) passed.set(urgency, 0);
          bulkhead.enqueue({ onGranted, onRejected: () => {} }, 0, urgency);
          for (let count = 0; count < settles; count++) held.shift()?.settle();
          expect(most).toBeLessThanOrEqual(GUARD_AFTER + 2);
        }
      },
    ),
    RUNS,
  );
  expect(most).toBeGreaterThanOrEqual(GUARD_AFTER);
});
