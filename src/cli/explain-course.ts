/** A course in fresh state that fails as it is told: what `llmux explain` prints. */
import { Breaker } from "../admission/breaker.ts";
import { CoolDown } from "../admission/cool-down.ts";
import type { Deployment, ModelGroup, Provider, Snapshot } from "../exchange.ts";
import type { FailureClass } from "../policy.ts";
import type { LiveDeployment, Strategy } from "../route/candidate.ts";
import { Course } from "../route/course.ts";
import type { Facts } from "../route/facts.ts";
import { type FoundGroup, lookUpGroup } from "../route/find-group.ts";
import type { Availability, Failure, Move } from "../route/move.ts";
import { RetryBudget } from "../route/retry-budget.ts";
import { makeStrategy } from "../route/strategies/make-strategy.ts";
import { Trace, type TraceLine } from "../route/trace.ts";

/** A failure as `--simulate` names it. */
export type SimulatedFailure = {
  readonly word: string;
  readonly class: FailureClass;
  readonly retryAfterMs: number | null;
};

/** What an exchange came to: somebody to ask, perhaps after a wait, or the end. */
export type ExplainedMove =
  | { readonly kind: "try"; readonly deployment: string; readonly upstreamModel: string; readonly waitMs: number }
  | { readonly kind: "end"; readonly status: number | null; readonly error: string | null };

/** What led to a move. `after`: the simulated failure before it; null for the first. `atMs`: since the request came. */
export type ExplainedStep = {
  readonly after: string | null;
  readonly atMs: number;
  readonly lines: readonly TraceLine[];
  readonly move: ExplainedMove;
};

type ExplainOptions = {
  readonly snapshot: Snapshot;
  readonly found: FoundGroup;
  readonly facts: Facts;
  readonly seed: number;
};

/** A request with this many deployments before it is none that anybody reads. */
const MAX_ORDER = 100;

/** The moves of one exchange whose attempts fail so; the one after the last failure answers. */
export function explainCourse(
  options: ExplainOptions,
  failures: readonly SimulatedFailure[],
): readonly ExplainedStep[] {
  const world = new FreshWorld(options);
  const steps: ExplainedStep[] = [];
  let nowMs = 0;
  let move = world.course.start(nowMs, Date.now());
  steps.push(world.tell(null, nowMs, move));
  for (const failure of failures) {
    if (move.kind === "end") break;
    if (move.kind === "wait") nowMs += move.ms;
    const { deployment } = move.candidate;
    nowMs += durationOf(deployment, failure.class);
    const hasOtherCredential = world.judge(deployment, failure, nowMs);
    move = world.course.afterFailure(move.candidate, { ...failure, hasOtherCredential }, nowMs, Date.now());
    steps.push(world.tell(failure.word, nowMs, move));
  }
  return steps;
}

/** In which order the deployments would be asked, fallbacks included, if none could take the request; of this draw. */
export function explainOrder(options: ExplainOptions): readonly string[] {
  const { course } = new FreshWorld(options);
  const order: string[] = [];
  let move = course.start(0, Date.now());
  while (move.kind !== "end" && order.length < MAX_ORDER) {
    order.push(move.candidate.deployment.id);
    move = course.afterUnfit(move.candidate, "", null, 0, Date.now());
  }
  return order;
}

class FreshWorld {
  readonly course: Course;
  readonly #trace = new Trace();
  #told = 0;
  readonly #states = new Map<string, DeploymentState>();
  readonly #budgets = new Map<string, RetryBudget>();
  readonly #strategies = new Map<ModelGroup, Strategy>();
  /** Credentials that were refused, by provider. */
  readonly #refused = new Map<string, number>();
  readonly #random: () => number;

  constructor({ snapshot, found, facts, seed }: ExplainOptions) {
    this.#random = makeRandom(seed);
    const { group, rest } = found;
    this.course = new Course({
      group,
      rest,
      resolve: (name) => lookUpGroup(snapshot, name),
      facts,
      strategyOf: (each) => this.#strategyOf(each),
      liveOf: () => NOTHING_KNOWN,
      availability: (deployment, nowMs) => this.#availability(deployment, nowMs),
      budgetOf: (provider) => this.#budgetOf(provider),
      random: this.#random,
      trace: this.#trace,
      mayFallBack: true,
      deadlineMs: Math.max(...group.deployments.map(({ timeouts }) => timeouts.totalMs)),
      preferredProvider: null,
      estimate: { certainlyExceeds: (window) => facts.inputTokens > window },
    });
  }

  /** The lines since the last step, with what they led to. */
  tell(after: string | null, atMs: number, move: Move): ExplainedStep {
    const lines = this.#trace.lines.slice(this.#told);
    this.#told = this.#trace.lines.length;
    return { after, atMs, lines, move: describeMove(move) };
  }

  /** What a failure says of a deployment and its credential; gives whether another credential is there. */
  judge(deployment: Deployment, { class: failureClass, retryAfterMs }: SimulatedFailure, nowMs: number): boolean {
    const { provider } = deployment;
    const state = this.#stateOf(deployment);
    switch (failureClass) {
      case "auth":
      case "rate_limit": {
        const refused = (this.#refused.get(provider.name) ?? 0) + 1;
        if (refused < provider.credentials.length) {
          this.#refused.set(provider.name, refused);
          return true;
        }
        if (failureClass === "auth") this.#refused.set(provider.name, refused);
        else state.coolDown.rest(nowMs, retryAfterMs);
        return false;
      }
      case "connect":
      case "timeout":
      case "server": {
        const entry = state.breaker.enter(nowMs);
        if (entry !== null) state.breaker.leave(entry, "failure", nowMs);
        if (retryAfterMs !== null) state.coolDown.rest(nowMs, retryAfterMs);
        return false;
      }
      case "not_found":
      case "context_window":
      case "content_policy":
      case "bad_request":
        return false;
      default:
        failureClass satisfies never;
        return false;
    }
  }

  #availability(deployment: Deployment, nowMs: number): Availability {
    const { breaker, coolDown } = this.#stateOf(deployment);
    const { provider } = deployment;
    if ((this.#refused.get(provider.name) ?? 0) >= Math.max(1, provider.credentials.length)) return { kind: "refused" };
    const openUntilMs = breaker.retryAtMs(nowMs);
    if (openUntilMs !== null) return { kind: "out", why: "breaker", untilMs: openUntilMs };
    const restsUntilMs = coolDown.untilMs(nowMs);
    return restsUntilMs === null ? { kind: "ready" } : { kind: "out", why: "cool-down", untilMs: restsUntilMs };
  }

  #stateOf(deployment: Deployment): DeploymentState {
    let state = this.#states.get(deployment.id);
    if (state === undefined) {
      const random = this.#random;
      state = { breaker: new Breaker(deployment.breaker, { random }), coolDown: new CoolDown({ random }) };
      this.#states.set(deployment.id, state);
    }
    return state;
  }

  #budgetOf(provider: Provider): RetryBudget {
    let budget = this.#budgets.get(provider.name);
    if (budget === undefined) {
      budget = new RetryBudget(provider.retryBudget, 0);
      this.#budgets.set(provider.name, budget);
    }
    return budget;
  }

  #strategyOf(group: ModelGroup): Strategy {
    let strategy = this.#strategies.get(group);
    if (strategy === undefined) {
      strategy = makeStrategy(group.policy.strategy);
      this.#strategies.set(group, strategy);
    }
    return strategy;
  }
}

type DeploymentState = { readonly breaker: Breaker; readonly coolDown: CoolDown };

/** As after the start: nothing in flight, nothing measured, nothing spent. */
const NOTHING_KNOWN: LiveDeployment = {
  inFlight: 0,
  firstByteMs: null,
  tokensPerSecond: null,
  usedShare: () => null,
  isOverBudget: () => false,
  roundRobinCredit: 0,
};

/** How long an attempt lasts that fails so. */
function durationOf({ timeouts }: Deployment, failureClass: Failure["class"]): number {
  return failureClass === "timeout" ? timeouts.firstByteMs : 0;
}

function describeMove(move: Move): ExplainedMove {
  if (move.kind === "end")
    return { kind: "end", status: move.error?.status ?? null, error: move.error?.message ?? null };
  const { deployment, upstreamModel } = move.candidate;
  return { kind: "try", deployment: deployment.id, upstreamModel, waitMs: move.kind === "wait" ? move.ms : 0 };
}

/** Mulberry32: the same seed draws the same. */
function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
