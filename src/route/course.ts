/**
 * One exchange's way through the deployments of a model and its fallbacks: from each failure to what comes next. Pure: it makes no
 * attempt and has no timer; who drives it tells it what happened and does what it says.
 *
 *   start ──► try ──► (answered: nobody asks again)
 *              ├─ afterFailure ─► try another │ wait, then one that failed │ try the next group │ end
 *              └─ afterUnfit ───► the same, as if it had not been chosen
 *
 * - In a group: whoever has not failed in this exchange first, at once; then, after a backoff, one that has; then the next group.
 * - Bounds: `retry.max` and `retry.perClass` in a group, a retry budget over all exchanges, 12 attempts, the deadline, and each
 *   group once. So every course ends, whatever the providers do.
 * - Made for every request, so the usual case (one deployment, ready, answers) reads a few fields and makes one object.
 */
import { GatewayError } from "../errors.ts";
import type { Deployment, ModelGroup, Provider } from "../exchange.ts";
import type { FailureClass } from "../policy.ts";
import { backoffMs, longestBackoffMs } from "./backoff.ts";
import type { Candidate, LiveDeployment, Strategy, StrategyContext } from "./candidate.ts";
import type { Facts } from "./facts.ts";
import { type Chain, chainOf, FallbackChain } from "./fallback-chain.ts";
import { type FoundGroup, upstreamModelOf } from "./find-group.ts";
import { GroupMemory } from "./group-memory.ts";
import type { Availability, Failure, Move } from "./move.ts";
import { NobodyLeft } from "./nobody-left.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { Trace } from "./trace.ts";

/** Whatever the config allows, no exchange makes more. */
export const MAX_ATTEMPTS = 12;
/** An attempt that would have less time than this is none. */
const MIN_ATTEMPT_MS = 10;

export type CourseOptions = {
  readonly group: ModelGroup;
  /** What stands for the `*` in names. */
  readonly rest: string;
  /** The group of a fallback's name; null where there is none. */
  readonly resolve: (model: string) => FoundGroup | null;
  readonly facts: Facts;
  readonly strategyOf: (group: ModelGroup) => Strategy;
  readonly liveOf: (deployment: Deployment) => LiveDeployment;
  readonly availability: (deployment: Deployment, nowMs: number) => Availability;
  /** Whoever makes the first attempt counts it there; the course takes tokens for further ones. */
  readonly budgetOf: (provider: Provider) => RetryBudget;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly trace: Trace | null;
  /** Whether other groups may answer; a caller can forbid it. */
  readonly mayFallBack: boolean;
  /** When the exchange's total time is over, by the clock of `nowMs`. */
  readonly deadlineMs: number;
  /** The provider that keeps what the request goes on from: its deployments come first. */
  readonly preferredProvider: string | null;
  /** Whether the request is too long for a context window beyond doubt; null where that cannot be told. */
  readonly estimate: { certainlyExceeds(contextWindow: number): boolean } | null;
};

export class Course {
  readonly #options: CourseOptions;
  #group: ModelGroup;
  #rest: string;
  #attempts = 0;
  #nowMs = 0;
  #wallNowMs = 0;
  /** Given out and not heard of since: the attempt that runs, and the one that races it. */
  #running: Candidate | null = null;
  #rival: Candidate | null = null;
  /** The budget that paid for the last attempt given out; null for the first one. */
  #paidBy: RetryBudget | null = null;
  #rivalPaidBy: RetryBudget | null = null;

  // Of the present group.
  #groupAttempts = 0;
  #memory: GroupMemory | null = null;
  #hasMisfits = false;
  /** Somebody of the group said that the request is too long: only windows known to be larger than this are of use. */
  #needsWindowAbove: number | null = null;

  // Of the whole exchange; nothing is made before something fails.
  #lastFailed: Candidate | null = null;
  #lastClass: FailureClass | null = null;
  /** Providers that could not be reached, or were silent: another one is the better bet. */
  #silentProviders: string[] | null = null;
  #tooSmallWindow = 0;
  #fallbacks: FallbackChain | null = null;
  #nobodyLeft: NobodyLeft | null = null;
  #isLastResort = false;

  constructor(options: CourseOptions) {
    this.#options = options;
    this.#group = options.group;
    this.#rest = options.rest;
  }

  /** The candidate given out is asked although it is out: there is nobody else. */
  get isLastResort(): boolean {
    return this.#isLastResort;
  }

  /** Attempts given out so far. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The group that the present attempt belongs to. */
  get group(): ModelGroup {
    return this.#group;
  }

  start(nowMs: number, wallNowMs: number): Move {
    this.#setTime(nowMs, wallNowMs);
    return this.#proceed();
  }

  /** An attempt failed before anything reached the caller. Of two that raced only the last one's failure is told. */
  afterFailure(candidate: Candidate, failure: Failure, nowMs: number, wallNowMs: number): Move {
    this.#setTime(nowMs, wallNowMs);
    const { class: failureClass } = failure;
    this.#options.trace?.add({ kind: "failed", deployment: candidate.deployment.id, why: describeFailure(failure) });
    this.#noteRace(candidate);
    this.#lastClass = failureClass;
    this.#lastFailed = candidate;
    if (this.#isLastResort) return this.#end("nobody is left");
    if (failureClass === "bad_request") return this.#end("the request itself was refused");
    if (failure.hasOtherCredential && (failureClass === "auth" || failureClass === "rate_limit")) {
      this.#tell("another credential of the same provider");
      return this.#give(candidate, 0);
    }
    const failures = this.#remember().noteFailure(candidate.deployment, failure, nowMs);
    if (failureClass === "content_policy") return this.#leaveGroup();
    const { retry } = this.#group.policy;
    const mayRepeat = this.#groupAttempts <= retry.max;
    if (failureClass === "context_window") {
      // The same model at another place ends the same way, unless its window is known to be larger.
      this.#needLarger(candidate.deployment);
      return mayRepeat ? this.#proceed() : this.#leaveGroup();
    }
    if (failureClass === "connect" || failureClass === "timeout") {
      (this.#silentProviders ??= []).push(candidate.deployment.provider.name);
    }
    if (mayRepeat && failures <= retry.perClass[failureClass]) return this.#proceed();
    const bound = mayRepeat ? `${failures - 1} after ${failureClass}` : `${retry.max} in all`;
    this.#tell(`no further attempt at ${this.#group.name}: ${bound}`);
    return this.#leaveGroup();
  }

  /**
   * The deployment given out cannot take this request, and no attempt was made: it has no such endpoint, cannot express a field, its
   * queue is full. Costs no retry. Where nobody is left the first such error is the answer; `error` null: it was only not let in.
   */
  afterUnfit(candidate: Candidate, why: string, error: GatewayError | null, nowMs: number, wallNowMs: number): Move {
    this.#setTime(nowMs, wallNowMs);
    this.#options.trace?.add({ kind: "left-out", deployment: candidate.deployment.id, by: "request", why });
    this.#attempts--;
    this.#paidBy?.giveBack(nowMs);
    this.#paidBy = null;
    if (this.#groupAttempts > 0) this.#groupAttempts--;
    this.#running = null;
    const record = this.#remember().recordOf(candidate.deployment);
    record.isOut = true;
    record.isOutForNow = error === null;
    this.#left().unfit(error);
    if (error?.code === "context_window_exceeded") this.#hasMisfits = true;
    const move = this.#isLastResort ? this.#finish() : this.#proceed();
    // The last attempt's own end was given up for one that could not be made.
    return move.kind === "end" && move.error === null ? { kind: "end", error: this.#left().error(nowMs) } : move;
  }

  /** Another candidate beside the one that runs: one of the same group who is ready and was not tried; null where there is none, or no attempt left. */
  hedge(nowMs: number, wallNowMs: number): Candidate | null {
    this.#setTime(nowMs, wallNowMs);
    if (this.#running === null || this.#rival !== null || this.#attempts >= MAX_ATTEMPTS) return null;
    if (nowMs + MIN_ATTEMPT_MS > this.#options.deadlineMs) return null;
    const candidate = this.#pickUntried();
    if (candidate === null) return null;
    const paidBy = this.#findPayer(candidate);
    if (paidBy === null) return null;
    this.#rivalPaidBy = paidBy;
    this.#attempts++;
    this.#rival = candidate;
    this.#tell("a second attempt beside the slow one");
    return candidate;
  }

  /** The candidate that `hedge` gave was not asked after all. */
  withdrawHedge(nowMs: number): void {
    if (this.#rival === null) return;
    this.#attempts--;
    this.#rivalPaidBy?.giveBack(nowMs);
    this.#rival = null;
  }

  // ---- What comes next --------------------------------------------------------------------------------------------------

  /** The best of this group, or of those after it. */
  #proceed(): Move {
    for (;;) {
      const candidate = this.#pickUntried();
      if (candidate !== null) return this.#give(candidate, 0);
      if (this.#memory?.hasFailed === true) {
        const move = this.#goBack();
        if (move !== null) return move;
      }
      if (this.#attempts === 0) this.#noteWhoIsOut();
      if (!this.#enterNextGroup(this.#chainAfterNobody())) return this.#finish();
    }
  }

  /** Nothing more in this group. */
  #leaveGroup(): Move {
    return this.#enterNextGroup(chainOf(this.#lastClass)) ? this.#proceed() : this.#end("no fallback is left");
  }

  /** Hands out a candidate, if the bounds allow another attempt. */
  #give(candidate: Candidate, waitMs: number): Move {
    if (this.#attempts >= MAX_ATTEMPTS) return this.#end(`${MAX_ATTEMPTS} attempts were made`);
    if (this.#nowMs + waitMs + MIN_ATTEMPT_MS > this.#options.deadlineMs) return this.#endLate();
    // The exchange's first attempt is no retry.
    this.#paidBy = this.#attempts === 0 ? null : this.#findPayer(candidate);
    if (this.#attempts > 0 && this.#paidBy === null) {
      return this.#end(`the retry budget of ${candidate.deployment.provider.name} is spent`);
    }
    this.#attempts++;
    // Another credential is not another try at what failed.
    if (candidate !== this.#lastFailed) this.#groupAttempts++;
    this.#running = candidate;
    this.#rival = null;
    if (waitMs <= 0) return { kind: "try", candidate };
    this.#tell(`wait ${waitMs} ms`);
    return { kind: "wait", candidate, ms: waitMs };
  }

  /**
   * Takes a token for an attempt after the exchange's first: from the budget of the provider it goes to; where that has none left, from
   * the one whose failure asks for it. So all attempts together stay within the budgets' share, and a provider that is seldom asked
   * first can still take over what another one drops.
   */
  #findPayer(candidate: Candidate): RetryBudget | null {
    const { budgetOf } = this.#options;
    const { provider } = candidate.deployment;
    const budget = budgetOf(provider);
    if (budget.tryRetry(this.#nowMs)) return budget;
    const failing = (this.#lastFailed ?? this.#running)?.deployment.provider ?? provider;
    if (failing === provider) return null;
    const other = budgetOf(failing);
    return other.tryRetry(this.#nowMs) ? other : null;
  }

  #end(why: string): Move {
    this.#tell(`end: ${why}`);
    return { kind: "end", error: null };
  }

  #endLate(): Move {
    if (this.#attempts > 0) return this.#end("no time is left");
    const error = new GatewayError("upstream_timeout", "No deployment could be asked within the request's total time.");
    return { kind: "end", error };
  }

  /** The chain is at its end, and nobody was left. */
  #finish(): Move {
    if (this.#attempts > 0 || this.#isLastResort) return this.#end("nobody is left");
    const left = this.#left();
    const candidate = left.lastResort(this.#options.group.policy.whenAllOut);
    if (candidate !== null) {
      this.#isLastResort = true;
      const { id } = candidate.deployment;
      this.#options.trace?.add({ kind: "chosen", deployment: id, by: "last resort", why: "nobody else is left" });
      return this.#give(candidate, 0);
    }
    const error = left.error(this.#nowMs);
    this.#tell(`end: ${error.message}`);
    return { kind: "end", error };
  }

  // ---- In a group -------------------------------------------------------------------------------------------------------

  /** Somebody who was not asked in this exchange and can be asked now; null where there is nobody. */
  #pickUntried(): Candidate | null {
    const { availability, trace, random } = this.#options;
    const { deployments } = this.#group;
    const only = deployments.length === 1 ? deployments[0] : undefined;
    // The usual case: nothing to choose.
    if (only !== undefined && trace === null && !hasRule(this.#group)) {
      if (this.#isSetAside(only) || !this.#fits(only)) return null;
      const { kind } = availability(only, this.#nowMs);
      return kind === "ready" || kind === "slow-start" ? this.#candidateOf(only) : null;
    }
    let ready: Candidate[] | null = null;
    let slow: Candidate[] | null = null;
    let lucky: Candidate[] | null = null;
    for (const deployment of deployments) {
      if (this.#isSetAside(deployment) || !this.#fits(deployment)) continue;
      const state = availability(deployment, this.#nowMs);
      if (state.kind === "ready") (ready ??= []).push(this.#candidateOf(deployment));
      else if (state.kind === "slow-start") {
        const candidate = this.#candidateOf(deployment);
        (slow ??= []).push(candidate);
        if (random() < state.share) (lucky ??= []).push(candidate);
      } else if (trace !== null) this.#leftOut(deployment, describeState(state, this.#nowMs));
    }
    if (ready !== null && slow !== null) {
      if (lucky !== null) ready.push(...lucky);
      if (trace !== null) {
        for (const each of slow)
          if (lucky?.includes(each) !== true) this.#leftOut(each.deployment, this.#whySlow(each.deployment));
      }
    }
    const pool = ready ?? slow;
    if (pool === null) return null;
    const candidate = this.#pickOf(this.#prefer(pool));
    if (candidate === null) this.#left().ruledOut(this.#group.policy, this.#options.facts);
    return candidate;
  }

  #whySlow(deployment: Deployment): string {
    const state = this.#options.availability(deployment, this.#nowMs);
    return (state.kind === "slow-start" ? state.why : undefined) ?? "comes back slowly";
  }

  /** Of several, those at the provider that is wanted, and not at one that was silent just now. */
  #prefer(pool: readonly Candidate[]): readonly Candidate[] {
    const silent = this.#silentProviders;
    const { preferredProvider } = this.#options;
    let kept = pool;
    if (silent !== null && kept.length > 1) {
      const others = kept.filter(({ deployment }) => !silent.includes(deployment.provider.name));
      if (others.length > 0) kept = others;
    }
    if (preferredProvider !== null && kept.length > 1) {
      const wanted = kept.filter(({ deployment }) => deployment.provider.name === preferredProvider);
      if (wanted.length > 0) kept = wanted;
    }
    return kept;
  }

  #pickOf(pool: readonly Candidate[]): Candidate | null {
    return this.#options.strategyOf(this.#group).pick(pool, this.#options.facts, this.#context(this.#options.trace));
  }

  /** After a wait: one that failed here, or one that is out but not for long; null where that is not worth it. */
  #goBack(): Move | null {
    const { availability, deadlineMs, random } = this.#options;
    const { retry } = this.#group.policy;
    let pool: Candidate[] = [];
    let floorMs = retry.maxRetryAfterMs;
    let failures = 0;
    for (const deployment of this.#group.deployments) {
      const record = this.#memory?.find(deployment) ?? null;
      if (record?.isOut === true || !this.#fits(deployment)) continue;
      const state = availability(deployment, this.#nowMs);
      if (state.kind === "refused") continue;
      if (state.kind === "out" && state.why === "breaker") {
        // Whoever waited for it would come back with all the others, to the one probe that it lets in.
        const longestMs = longestBackoffMs(retry, record?.failures ?? 0);
        if (state.untilMs - this.#nowMs > longestMs) continue;
      }
      const untilMs = Math.max(record?.notBeforeMs ?? 0, state.kind === "out" ? state.untilMs : 0);
      const ownMs = Math.max(0, untilMs - this.#nowMs);
      if (ownMs > floorMs) continue;
      if (ownMs < floorMs) pool = [];
      floorMs = ownMs;
      failures = Math.max(pool.length === 0 ? 0 : failures, record?.failures ?? 0);
      pool.push(this.#candidateOf(deployment));
    }
    if (pool.length === 0) return null;
    const waitMs = backoffMs(retry, failures, floorMs, random);
    if (waitMs === null || this.#nowMs + waitMs + MIN_ATTEMPT_MS > deadlineMs) {
      this.#tell("no time is left to wait for one that failed");
      return null;
    }
    const candidate = this.#pickOf(pool);
    return candidate === null ? null : this.#give(candidate, waitMs);
  }

  #isSetAside(deployment: Deployment): boolean {
    if (this.#running?.deployment === deployment || this.#rival?.deployment === deployment) return true;
    return this.#memory !== null && this.#memory.find(deployment) !== null;
  }

  /** Whether the request may fit into its context window; where it cannot, that is told and remembered. */
  #fits(deployment: Deployment): boolean {
    const { contextWindow } = deployment;
    if (contextWindow === null) return this.#needsWindowAbove === null;
    const { estimate } = this.#options;
    const isTooSmall =
      contextWindow <= Math.max(this.#tooSmallWindow, this.#needsWindowAbove ?? 0) ||
      (estimate !== null && estimate.certainlyExceeds(contextWindow));
    if (!isTooSmall) return true;
    this.#hasMisfits = true;
    this.#left().misfit(contextWindow);
    this.#remember().recordOf(deployment).isOut = true;
    this.#leftOut(deployment, `the request does not fit into its context window of ${contextWindow} tokens`);
    return false;
  }

  #needLarger({ contextWindow }: Deployment): void {
    if (contextWindow !== null) this.#tooSmallWindow = Math.max(this.#tooSmallWindow, contextWindow);
    this.#needsWindowAbove = Math.max(this.#needsWindowAbove ?? 0, contextWindow ?? Number.POSITIVE_INFINITY);
  }

  // ---- From group to group ----------------------------------------------------------------------------------------------

  /** Which list is next when nobody of a group can be asked. */
  #chainAfterNobody(): Chain {
    if (this.#memory?.hasFailed === true) return chainOf(this.#lastClass);
    if (!this.#hasMisfits) return "fallbacks";
    const hasOwn = this.#group.policy.contextWindowFallbacks.length > 0;
    return hasOwn || this.#left().hasOnlyMisfits ? "contextWindowFallbacks" : "fallbacks";
  }

  #enterNextGroup(chain: Chain): boolean {
    const { mayFallBack, resolve, trace } = this.#options;
    if (!mayFallBack) {
      if (this.#group.policy[chain].length > 0) this.#tell("no fallbacks: the caller forbids them");
      return false;
    }
    this.#fallbacks ??= new FallbackChain(this.#options);
    const found = this.#fallbacks.next(this.#group, chain, resolve, trace);
    if (found === null) return false;
    this.#group = found.group;
    this.#rest = found.rest;
    this.#groupAttempts = 0;
    this.#memory = null;
    this.#hasMisfits = false;
    this.#needsWindowAbove = null;
    return true;
  }

  // ---- What is remembered -----------------------------------------------------------------------------------------------

  #setTime(nowMs: number, wallNowMs: number): void {
    this.#nowMs = nowMs;
    this.#wallNowMs = wallNowMs;
  }

  /** Of two that raced, the other one ended without a word. */
  #noteRace({ deployment }: Candidate): void {
    for (const other of [this.#running, this.#rival]) {
      if (other !== null && other.deployment !== deployment) this.#remember().noteLostRace(other.deployment);
    }
    this.#running = null;
    this.#rival = null;
  }

  /** Who of the group is out or refused, of those that its rules would leave; told where nobody is left anywhere. */
  #noteWhoIsOut(): void {
    const { availability, facts, strategyOf } = this.#options;
    for (const deployment of this.#group.deployments) {
      const record = this.#memory?.find(deployment) ?? null;
      if (record?.isOut === true && !record.isOutForNow) continue;
      const state = availability(deployment, this.#nowMs);
      if (state.kind !== "out" && state.kind !== "refused") continue;
      const candidate = this.#candidateOf(deployment);
      // Each alone, so that only rules leave it out: of two tiers the second may be back before the first.
      if (strategyOf(this.#group).narrow([candidate], facts, this.#context(null)).length === 0) continue;
      if (state.kind === "out") this.#left().out(candidate, state);
      else this.#left().refused(candidate);
    }
  }

  #remember(): GroupMemory {
    return (this.#memory ??= new GroupMemory());
  }

  #left(): NobodyLeft {
    return (this.#nobodyLeft ??= new NobodyLeft(this.#options.facts.model));
  }

  #candidateOf(deployment: Deployment): Candidate {
    const upstreamModel = upstreamModelOf(deployment, this.#rest);
    return { deployment, upstreamModel, live: this.#options.liveOf(deployment) };
  }

  #context(trace: Trace | null): StrategyContext {
    return { nowMs: this.#nowMs, wallNowMs: this.#wallNowMs, random: this.#options.random, trace };
  }

  #leftOut(deployment: Deployment, why: string): void {
    this.#options.trace?.add({ kind: "left-out", deployment: deployment.id, by: "state", why });
  }

  #tell(why: string): void {
    this.#options.trace?.add({ kind: "next", why });
  }
}

/** Whether a strategy of the group may leave nobody, so that it must be asked even about one. */
function hasRule({ policy }: ModelGroup): boolean {
  for (const { name } of policy.strategy)
    if (name === "tags" || name === "conditional" || name === "budget") return true;
  return false;
}

function describeFailure({ class: failureClass, retryAfterMs }: Failure): string {
  return retryAfterMs === null ? failureClass : `${failureClass}, retry after ${seconds(retryAfterMs)}`;
}

function describeState(state: Exclude<Availability, { kind: "ready" | "slow-start" }>, nowMs: number): string {
  return state.kind === "refused"
    ? "its credential was refused"
    : `${state.why}, ${seconds(state.untilMs - nowMs)} more`;
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
}
