/** Any course, whatever the providers do: it ends, within its bounds, and asks nobody it should not. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GatewayError } from "../../src/errors.ts";
import type { ModelGroup } from "../../src/exchange.ts";
import { FAILURE_CLASSES, type FailureClass } from "../../src/policy.ts";
import { type Course, MAX_ATTEMPTS } from "../../src/route/course.ts";
import type { Availability, Move } from "../../src/route/move.ts";
import { RetryBudget } from "../../src/route/retry-budget.ts";
import { BASE_POLICY, CourseWorld, makeDeployment, makeGroup, makeProvider } from "./course-world.ts";

const RUNS = Number(process.env["FUZZ_COUNT"] ?? 500);
const NAMES = ["a", "b", "c", "d"] as const;

const upTo = (max: number) => fc.integer({ min: 0, max });

const state = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Availability>({ kind: "ready" }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("slow-start" as const), share: fc.double({ min: 0, max: 1 }) }),
  },
  { weight: 1, arbitrary: fc.constant<Availability>({ kind: "refused" }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("out" as const),
      why: fc.constantFrom("breaker" as const, "cool-down" as const),
      untilMs: upTo(40_000),
    }),
  },
);

const list = fc.array(fc.constantFrom(...NAMES, "missing"), { maxLength: 4 });
const groupShape = fc.record({
  deployments: fc.array(
    fc.record({ provider: upTo(2), contextWindow: fc.option(fc.constantFrom(8_000, 32_000, 128_000)), state }),
    { minLength: 1, maxLength: 4 },
  ),
  max: upTo(6),
  perClass: fc.array(upTo(4), { minLength: FAILURE_CLASSES.length, maxLength: FAILURE_CLASSES.length }),
  fallbacks: list,
  contextWindowFallbacks: list,
  contentPolicyFallbacks: list,
  whenAllOut: fc.constantFrom("refuse" as const, "least-bad" as const),
});

const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("failure" as const),
      class: fc.constantFrom(...FAILURE_CLASSES),
      retryAfterMs: fc.option(upTo(12_000)),
      hasOtherCredential: fc.boolean(),
      tookMs: upTo(5_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("unfit" as const), hasError: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("hedge" as const), isWithdrawn: fc.boolean() }) },
  // A deployment's state changes while something runs.
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("turn" as const), at: upTo(15), state }) },
);

const scenario = fc.record({
  groups: fc.array(groupShape, { minLength: NAMES.length, maxLength: NAMES.length }),
  events: fc.array(event, { maxLength: 60 }),
  deadlineMs: fc.integer({ min: 1, max: 120_000 }),
  minPerSecond: fc.constantFrom(0, 0.1, 0.3, 100, 100, 100),
  mayFallBack: fc.boolean(),
  tooLongFor: fc.constantFrom(0, 10_000, 50_000),
  seed: fc.integer({ min: 1, max: 2_147_483_646 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** Counts what it gives, so that a token that was taken for nothing is seen. */
class CountedBudget extends RetryBudget {
  static taken = 0;
  override tryRetry(nowMs: number): boolean {
    const isGiven = super.tryRetry(nowMs);
    if (isGiven) CountedBudget.taken++;
    return isGiven;
  }
  override giveBack(nowMs: number): void {
    CountedBudget.taken--;
    super.giveBack(nowMs);
  }
}

class Run {
  readonly world: CourseWorld;
  readonly course: Course;
  readonly visited: string[] = [];
  /** Asked in the present group since it was entered, or found unfit. */
  readonly tried = new Set<string>();
  sent = 0;
  #lastId = "";
  readonly #plan: Scenario;

  constructor(plan: Scenario) {
    this.#plan = plan;
    const groups = plan.groups.map((shape, place): ModelGroup => {
      const name = NAMES[place] ?? "";
      const deployments = shape.deployments.map(({ provider, contextWindow }, index) =>
        makeDeployment(`${name}${index}`, makeProvider(`p${provider}`), { group: name, contextWindow }),
      );
      const { max, fallbacks, contextWindowFallbacks, contentPolicyFallbacks, whenAllOut } = shape;
      const perClass = Object.fromEntries(FAILURE_CLASSES.map((each, at) => [each, shape.perClass[at] ?? 0]));
      const retry = { ...BASE_POLICY.retry, max, perClass: perClass as Record<FailureClass, number> };
      return makeGroup(name, deployments, {
        retry,
        fallbacks,
        contextWindowFallbacks,
        contentPolicyFallbacks,
        whenAllOut,
      });
    });
    this.world = new CourseWorld(groups);
    for (const [place, shape] of plan.groups.entries()) {
      for (const [index, { state: first }] of shape.deployments.entries()) {
        this.world.states.set(`${NAMES[place]}${index}`, first);
      }
    }
    let seed = plan.seed;
    this.world.random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    this.world.strategy = {
      narrow: (all) => all,
      pick: (all) => all[Math.floor(this.world.random() * all.length)] ?? null,
    };
    CountedBudget.taken = 0;
    for (let provider = 0; provider < 3; provider++) {
      const budget = new CountedBudget({ share: 0, minPerSecond: plan.minPerSecond }, 0);
      this.world.budgets.set(`p${provider}`, budget);
    }
    const { deadlineMs, mayFallBack, tooLongFor } = plan;
    const estimate = { certainlyExceeds: (window: number) => window < tooLongFor };
    this.course = this.world.course({ deadlineMs, mayFallBack, estimate });
  }

  stateOf(id: string): Availability {
    return this.world.states.get(id) ?? { kind: "ready" };
  }

  /** What must hold of every move. */
  check(move: Move, mayRepeat: boolean): void {
    const { world, course } = this;
    const { deadlineMs, tooLongFor, mayFallBack } = this.#plan;
    expect(course.attempts).toBeLessThanOrEqual(MAX_ATTEMPTS);
    if (move.kind === "end") return;
    this.sent++;
    expect(this.sent).toBe(course.attempts);
    // Every attempt but the first was paid for, once.
    expect(CountedBudget.taken).toBe(this.sent - 1);
    const { deployment } = move.candidate;
    if (this.visited.at(-1) !== deployment.group) {
      if (!isLastResort(this, move)) {
        expect(this.visited).not.toContain(deployment.group);
        this.visited.push(deployment.group);
        this.tried.clear();
      }
    }
    if (!mayFallBack) expect(deployment.group).toBe("a");
    if (deployment.contextWindow !== null && tooLongFor > 0)
      expect(deployment.contextWindow).toBeGreaterThanOrEqual(tooLongFor);
    const atMs = world.nowMs + (move.kind === "wait" ? move.ms : 0);
    expect(atMs).toBeLessThan(deadlineMs);
    const now = this.stateOf(deployment.id);
    if (move.kind === "wait") {
      if (now.kind === "out") expect(now.untilMs).toBeLessThanOrEqual(atMs);
      expect(now.kind).not.toBe("refused");
      // Nobody waits while somebody is ready who was not asked.
      const group = world.groups.find(({ name }) => name === deployment.group);
      for (const other of group?.deployments ?? []) {
        if (this.tried.has(other.id) || other.contextWindow !== null || this.stateOf(other.id).kind !== "ready")
          continue;
        // A request that was found too long is not for a window nobody knows.
        if (this.hasBeenTooLong) continue;
        throw new Error(`waits for ${deployment.id} while ${other.id} is ready`);
      }
    } else if (!isLastResort(this, move) && !(mayRepeat && deployment.id === this.#lastId)) {
      expect(["ready", "slow-start"]).toContain(now.kind);
      expect(this.tried.has(deployment.id)).toBe(false);
    }
    this.tried.add(deployment.id);
    this.#lastId = deployment.id;
  }

  hasBeenTooLong = false;
}

/** The one attempt at somebody who is out or refused: the only one of its exchange. */
function isLastResort({ sent, stateOf, world }: Run, move: Move): boolean {
  if (move.kind !== "try" || sent > 1) return false;
  const { kind } = stateOf.call({ world } as Run, move.candidate.deployment.id);
  return kind === "refused" || kind === "out";
}

describe("any course", () => {
  test(`ends within its bounds and asks nobody it should not, ${RUNS} drawn ones`, () => {
    let ends = 0;
    let waits = 0;
    let fallbacks = 0;
    fc.assert(
      fc.property(scenario, (plan) => {
        const run = new Run(plan);
        const { world, course } = run;
        let move = world.start(course);
        let hasRival = false;
        run.check(move, false);
        for (const happening of plan.events) {
          if (move.kind === "end") break;
          if (move.kind === "wait") {
            waits++;
            world.nowMs += move.ms;
            move = { kind: "try", candidate: move.candidate };
          }
          switch (happening.kind) {
            case "turn": {
              const ids = [...world.states.keys()];
              world.states.set(ids[happening.at % ids.length] ?? "", happening.state);
              break;
            }
            case "hedge": {
              const beside = course.hedge(world.nowMs, world.nowMs);
              if (beside === null) break;
              expect(beside.deployment.group).toBe(move.candidate.deployment.group);
              expect(run.tried.has(beside.deployment.id)).toBe(false);
              expect(["ready", "slow-start"]).toContain(run.stateOf(beside.deployment.id).kind);
              if (happening.isWithdrawn) course.withdrawHedge(world.nowMs);
              else {
                run.tried.add(beside.deployment.id);
                run.sent++;
                hasRival = true;
              }
              expect(CountedBudget.taken).toBe(run.sent - 1);
              break;
            }
            case "unfit": {
              // A race cannot be unfit any more.
              if (hasRival) break;
              const error = happening.hasError ? new GatewayError("invalid_request", "unfit") : null;
              run.sent--;
              move = course.afterUnfit(move.candidate, "unfit", error, world.nowMs, world.nowMs);
              if (move.kind === "end") expect(move.error).not.toBeNull();
              run.check(move, false);
              break;
            }
            case "failure": {
              const { retryAfterMs, hasOtherCredential, tookMs } = happening;
              world.nowMs += tookMs;
              const failure = { class: happening.class, retryAfterMs, hasOtherCredential };
              if (happening.class === "context_window") run.hasBeenTooLong = true;
              const failed = move.candidate.deployment.group;
              hasRival = false;
              move = course.afterFailure(move.candidate, failure, world.nowMs, world.nowMs);
              if (move.kind === "end") {
                ends++;
                // The last attempt's own end is the answer.
                expect(move.error).toBeNull();
              } else if (move.candidate.deployment.group !== failed) fallbacks++;
              if (happening.class === "bad_request") expect(move.kind).toBe("end");
              run.check(move, hasOtherCredential);
              break;
            }
            default:
              happening satisfies never;
          }
        }
      }),
      { seed: 42, numRuns: RUNS },
    );
    // It has seen what it is about.
    expect(Math.min(ends, waits, fallbacks)).toBeGreaterThan(RUNS / 20);
  });

  test("of failures without an end comes to one", () => {
    fc.assert(
      fc.property(
        scenario,
        fc.array(fc.constantFrom(...FAILURE_CLASSES), { minLength: MAX_ATTEMPTS + 1, maxLength: MAX_ATTEMPTS + 1 }),
        (plan, classes) => {
          const run = new Run({ ...plan, minPerSecond: 100, deadlineMs: 1e9 });
          const { world, course } = run;
          let move = world.start(course);
          for (const failureClass of classes) {
            if (move.kind === "end") return;
            if (move.kind === "wait") world.nowMs += move.ms;
            move = world.fail(course, move, { class: failureClass, hasOtherCredential: true });
          }
          expect(move.kind).toBe("end");
        },
      ),
      { seed: 42, numRuns: RUNS },
    );
  });
});
