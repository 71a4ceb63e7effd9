/** A gateway's part in a request, on a virtual clock: the real course, strategies, breakers, cool-downs, budgets and hedging. */
import { Breaker, type BreakerEntry } from "../../../src/admission/breaker.ts";
import { CoolDown } from "../../../src/admission/cool-down.ts";
import type { Deployment, ModelGroup, Provider } from "../../../src/exchange.ts";
import type { Cancel, SimulatedClock } from "../../../src/lib/clock.ts";
import { Ewma } from "../../../src/lib/ewma.ts";
import type { FailureClass } from "../../../src/policy.ts";
import type { Candidate, LiveDeployment, Strategy } from "../../../src/route/candidate.ts";
import { Course } from "../../../src/route/course.ts";
import { HedgeControl } from "../../../src/route/hedging.ts";
import type { Availability, Move } from "../../../src/route/move.ts";
import { RetryBudget } from "../../../src/route/retry-budget.ts";
import { makeStrategy } from "../../../src/route/strategies/make-strategy.ts";
import { makeFacts } from "../course-world.ts";
import type { SimulatedProvider } from "./providers.ts";
import type { Tally } from "./tally.ts";

const READY: Availability = { kind: "ready" };
/** As the gateway has them. */
const AVERAGE = { halfLifeMs: 10_000, forgetAfterMs: 300_000 } as const;

class Live implements LiveDeployment {
  inFlight = 0;
  roundRobinCredit = 0;
  readonly tokensPerSecond = null;
  readonly breaker: Breaker;
  readonly coolDown: CoolDown;
  readonly firstByte = new Ewma(AVERAGE);
  readonly #clock: SimulatedClock;

  constructor(deployment: Deployment, clock: SimulatedClock, random: () => number) {
    this.#clock = clock;
    this.breaker = new Breaker(deployment.breaker, { random });
    this.coolDown = new CoolDown({ random });
  }

  get firstByteMs(): number | null {
    return this.firstByte.read(this.#clock.nowMs());
  }

  usedShare(): null {
    return null;
  }

  isOverBudget(): boolean {
    return false;
  }

  availability(nowMs: number): Availability {
    const openUntilMs = this.breaker.retryAtMs(nowMs);
    if (openUntilMs !== null) return { kind: "out", why: "breaker", untilMs: openUntilMs };
    const restsUntilMs = this.coolDown.untilMs(nowMs);
    if (restsUntilMs !== null) return { kind: "out", why: "cool-down", untilMs: restsUntilMs };
    const share = this.breaker.share(nowMs);
    return share < 1 ? { kind: "slow-start", share } : READY;
  }
}

export class GatewayClient {
  readonly tally: Tally;
  readonly clock: SimulatedClock;
  readonly group: ModelGroup;
  readonly hedging = new HedgeControl();
  readonly facts = makeFacts({ isStream: true });
  readonly #providers: ReadonlyMap<string, SimulatedProvider>;
  readonly #strategy: Strategy;
  readonly #random: () => number;
  readonly #live = new Map<string, Live>();
  readonly #budgets = new Map<string, RetryBudget>();

  constructor(options: {
    tally: Tally;
    clock: SimulatedClock;
    group: ModelGroup;
    /** By the names in the config. */
    providers: ReadonlyMap<string, SimulatedProvider>;
    random: () => number;
  }) {
    this.tally = options.tally;
    this.clock = options.clock;
    this.group = options.group;
    this.#providers = options.providers;
    this.#random = options.random;
    this.#strategy = makeStrategy(options.group.policy.strategy);
  }

  request(): void {
    new Exchange(this).start();
  }

  course(deadlineMs: number): Course {
    return new Course({
      group: this.group,
      rest: "",
      resolve: () => null,
      facts: this.facts,
      strategyOf: () => this.#strategy,
      liveOf: (deployment) => this.liveOf(deployment),
      availability: (deployment, nowMs) => this.liveOf(deployment).availability(nowMs),
      budgetOf: (provider) => this.budgetOf(provider),
      random: this.#random,
      trace: null,
      mayFallBack: true,
      deadlineMs,
      preferredProvider: null,
      estimate: null,
    });
  }

  liveOf(deployment: Deployment): Live {
    let live = this.#live.get(deployment.id);
    if (live === undefined) {
      live = new Live(deployment, this.clock, this.#random);
      this.#live.set(deployment.id, live);
    }
    return live;
  }

  budgetOf(provider: Provider): RetryBudget {
    let budget = this.#budgets.get(provider.name);
    if (budget === undefined) {
      budget = new RetryBudget(provider.retryBudget, this.clock.nowMs());
      this.#budgets.set(provider.name, budget);
    }
    return budget;
  }

  providerOf({ provider }: Deployment): SimulatedProvider {
    const found = this.#providers.get(provider.name);
    if (found === undefined) throw new Error(`no simulated provider ${provider.name}`);
    return found;
  }
}

type Attempt = { readonly candidate: Candidate; readonly entry: BreakerEntry; readonly startMs: number; end: Cancel };

/** One request: does what its course says. */
class Exchange {
  readonly #client: GatewayClient;
  readonly #course: Course;
  readonly #startMs: number;
  readonly #deadlineMs: number;
  #running: Attempt | null = null;
  #rival: Attempt | null = null;
  #cancelHedge: Cancel = () => {};
  #isFirst = true;

  constructor(client: GatewayClient) {
    this.#client = client;
    this.#startMs = client.clock.nowMs();
    this.#deadlineMs = this.#startMs + (client.group.deployments[0]?.timeouts.totalMs ?? 0);
    this.#course = client.course(this.#deadlineMs);
    client.tally.noteRequest(this.#startMs);
  }

  start(): void {
    this.#follow(this.#course.start(this.#now(), this.#now()));
  }

  #follow(move: Move): void {
    let next: Move | null = move;
    while (next !== null) {
      if (next.kind === "end") return;
      const { candidate }: { readonly candidate: Candidate } = next;
      if (next.kind === "wait") {
        this.#client.clock.schedule(next.ms, () => this.#follow({ kind: "try", candidate }));
        return;
      }
      const attempt = this.#begin(candidate);
      next = attempt === null ? this.#course.afterUnfit(candidate, "breaker", null, this.#now(), this.#now()) : null;
      if (attempt === null) continue;
      this.#running = attempt;
      this.#armHedge(attempt);
    }
  }

  /** null: the breaker does not let it in. */
  #begin(candidate: Candidate): Attempt | null {
    const { clock, tally } = this.#client;
    const nowMs = this.#now();
    const { deployment } = candidate;
    const live = this.#client.liveOf(deployment);
    const entry = live.breaker.enter(nowMs);
    if (entry === null) return null;
    live.inFlight++;
    if (this.#isFirst) this.#client.budgetOf(deployment.provider).onRequest(nowMs);
    this.#isFirst = false;
    tally.noteAttempt(nowMs);
    const attempt: Attempt = { candidate, entry, startMs: nowMs, end: () => {} };
    const answer = this.#client.providerOf(deployment).answer(nowMs);
    const timeoutMs = Math.min(deployment.timeouts.firstByteMs, this.#deadlineMs - nowMs);
    if (answer.kind === "good" && answer.firstByteMs <= timeoutMs) {
      attempt.end = clock.schedule(answer.firstByteMs, () => this.#succeed(attempt));
    } else if (answer.kind === "bad" && answer.afterMs <= timeoutMs) {
      attempt.end = clock.schedule(answer.afterMs, () => this.#fail(attempt, answer.class, answer.retryAfterMs));
    } else attempt.end = clock.schedule(timeoutMs, () => this.#fail(attempt, "timeout", null));
    return attempt;
  }

  #armHedge(attempt: Attempt): void {
    const { hedging, group, clock } = this.#client;
    const settings = group.policy.hedge;
    if (settings === null) return;
    hedging.onRequest(this.#now());
    const delayMs = hedging.delayMs(settings);
    if (delayMs === null) return;
    this.#cancelHedge();
    this.#cancelHedge = clock.schedule(delayMs, () => {
      if (this.#running !== attempt || this.#rival !== null) return;
      const candidate = this.#course.hedge(this.#now(), this.#now());
      if (candidate === null) return;
      const rival = hedging.tryHedge(settings, this.#now()) ? this.#begin(candidate) : null;
      if (rival === null) this.#course.withdrawHedge(this.#now());
      else this.#rival = rival;
    });
  }

  #succeed(attempt: Attempt): void {
    const { tally, hedging } = this.#client;
    const nowMs = this.#now();
    this.#release(attempt, "success");
    const live = this.#client.liveOf(attempt.candidate.deployment);
    live.coolDown.recovered();
    live.firstByte.add(nowMs - attempt.startMs, nowMs);
    hedging.observe(nowMs - attempt.startMs);
    for (const other of [this.#running, this.#rival]) {
      if (other === null || other === attempt) continue;
      other.end();
      this.#release(other, "neutral");
    }
    this.#cancelHedge();
    this.#running = null;
    this.#rival = null;
    tally.noteAnswer(nowMs - this.#startMs);
  }

  #fail(attempt: Attempt, failureClass: FailureClass, retryAfterMs: number | null): void {
    const nowMs = this.#now();
    const isLimit = failureClass === "rate_limit";
    this.#release(attempt, isLimit ? "neutral" : "failure");
    if (isLimit || retryAfterMs !== null) {
      this.#client.liveOf(attempt.candidate.deployment).coolDown.rest(nowMs, retryAfterMs);
    }
    const other = attempt === this.#rival ? this.#running : this.#rival;
    if (attempt === this.#rival) this.#rival = null;
    else this.#running = null;
    // The other one may still answer; the course hears of the last.
    if (other !== null) return;
    this.#cancelHedge();
    const failure = { class: failureClass, retryAfterMs, hasOtherCredential: false };
    this.#follow(this.#course.afterFailure(attempt.candidate, failure, nowMs, nowMs));
  }

  #release({ candidate, entry, startMs }: Attempt, result: "success" | "failure" | "neutral"): void {
    const live = this.#client.liveOf(candidate.deployment);
    live.inFlight--;
    live.breaker.leave(entry, result, this.#now(), startMs);
  }

  #now(): number {
    return this.#client.clock.nowMs();
  }
}
