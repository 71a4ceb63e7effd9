import type { AdaptiveLimit } from "../admission/adaptive-limit.ts";
import { Breaker } from "../admission/breaker.ts";
import { CoolDown } from "../admission/cool-down.ts";
import type { RateLimiter, RateScope } from "../admission/rate-limits.ts";
import { deploymentAccount, providerAccount, type Spend } from "../admission/spend.ts";
import type { Deployment, ModelGroup, Provider, Snapshot } from "../exchange.ts";
import { Ewma } from "../lib/ewma.ts";
import type { Candidate, LiveDeployment } from "../route/candidate.ts";
import { HedgeControl } from "../route/hedging.ts";
import type { Availability } from "../route/move.ts";
import { RetryBudget } from "../route/retry-budget.ts";
import { type Credentials, credentialScope } from "./credentials.ts";

/** What is known of a deployment's speed is worth half after ten seconds, and nothing after five minutes: then it is explored anew. */
const AVERAGE = { halfLifeMs: 10_000, forgetAfterMs: 300_000 } as const;
/** A deployment whose health check failed is asked again by it, not by callers: so long its word counts. */
const UNHEALTHY_FACTOR = 3;
const READY: Availability = { kind: "ready" };
const REFUSED: Availability = { kind: "refused" };
/** Taken only where nobody else is ready. */
const FULL: Availability = { kind: "slow-start", share: 0, why: "no free place" };
const UNHEALTHY: Availability = { kind: "slow-start", share: 0, why: "its health check failed" };

export type LiveCandidate = Candidate & { readonly live: Live };

/** What is known of one deployment from moment to moment; it lives as long as the config names it, over any reload. */
export class Live implements LiveDeployment {
  inFlight = 0;
  roundRobinCredit = 0;
  readonly breaker: Breaker;
  readonly coolDown: CoolDown;
  readonly firstByte = new Ewma(AVERAGE);
  readonly speed = new Ewma(AVERAGE);
  deployment: Deployment;
  scope: RateScope | null;
  /** Until when its last health check speaks against it. */
  unhealthyUntilMs = 0;
  readonly #spend: Spend;
  readonly #clock: () => number;

  constructor(
    deployment: Deployment,
    scope: RateScope | null,
    { spend, random, clock }: { spend: Spend; random: () => number; clock: () => number },
  ) {
    this.deployment = deployment;
    this.scope = scope;
    this.#spend = spend;
    this.#clock = clock;
    this.breaker = new Breaker(deployment.breaker, { random });
    this.coolDown = new CoolDown({ random });
  }

  get firstByteMs(): number | null {
    return this.firstByte.read(this.#clock());
  }

  get tokensPerSecond(): number | null {
    return this.speed.read(this.#clock());
  }

  usedShare(nowMs: number): number | null {
    return this.scope?.usedShare(nowMs) ?? null;
  }

  isOverBudget(wallNowMs: number): boolean {
    const { budget, provider } = this.deployment;
    return (
      (budget !== null && this.#spend.isOver(deploymentAccount(this.deployment), budget, wallNowMs)) ||
      (provider.budget !== null && this.#spend.isOver(providerAccount(provider.name), provider.budget, wallNowMs))
    );
  }
}

/** Everything that is known of deployments, providers and groups while the process runs; bounded by the config. */
export class LiveDeployments {
  readonly #byId = new Map<string, Live>();
  readonly #budgets = new Map<string, RetryBudget>();
  readonly #hedges = new Map<string, HedgeControl>();
  /** By provider: bounds that move with its latency. */
  readonly adaptive = new Map<string, AdaptiveLimit>();
  readonly #limiter: RateLimiter;
  readonly #spend: Spend;
  readonly #credentials: Credentials;
  readonly #random: () => number;
  readonly #clock: () => number;

  constructor(options: {
    limiter: RateLimiter;
    spend: Spend;
    credentials: Credentials;
    random: () => number;
    clock: () => number;
  }) {
    this.#limiter = options.limiter;
    this.#spend = options.spend;
    this.#credentials = options.credentials;
    this.#random = options.random;
    this.#clock = options.clock;
  }

  of(deployment: Deployment): Live {
    let live = this.#byId.get(deployment.id);
    if (live === undefined) {
      live = new Live(deployment, this.#limiter.deploymentScope(deployment), {
        spend: this.#spend,
        random: this.#random,
        clock: this.#clock,
      });
      this.#byId.set(deployment.id, live);
    }
    return live;
  }

  budgetOf(provider: Provider, nowMs: number): RetryBudget {
    let budget = this.#budgets.get(provider.name);
    if (budget === undefined) {
      budget = new RetryBudget(provider.retryBudget, nowMs);
      this.#budgets.set(provider.name, budget);
    }
    return budget;
  }

  hedgeOf(group: ModelGroup): HedgeControl {
    let hedge = this.#hedges.get(group.name);
    if (hedge === undefined) {
      hedge = new HedgeControl();
      this.#hedges.set(group.name, hedge);
    }
    return hedge;
  }

  /** Whether a deployment can be asked now; `isFull`: its bulkheads have no free place. */
  availability(deployment: Deployment, isFull: boolean, nowMs: number): Availability {
    const live = this.of(deployment);
    const { breaker, coolDown, scope, unhealthyUntilMs } = live;
    const retryAtMs = breaker.retryAtMs(nowMs);
    if (retryAtMs !== null) return { kind: "out", why: "breaker", untilMs: retryAtMs };
    const cooledMs = coolDown.untilMs(nowMs);
    if (cooledMs !== null) return { kind: "out", why: "cool-down", untilMs: cooledMs };
    const credential = this.#credentials.availability(deployment.provider, credentialScope(deployment), nowMs);
    if (credential.kind === "refused") return REFUSED;
    if (credential.kind === "cooling") return { kind: "out", why: "cool-down", untilMs: credential.untilMs };
    if (scope !== null) {
      const waitMs = scope.untilMs(1, nowMs);
      if (waitMs > 0) return { kind: "out", why: "rate limit", untilMs: nowMs + waitMs };
    }
    if (unhealthyUntilMs > nowMs) return UNHEALTHY;
    if (isFull) return FULL;
    const share = breaker.share(nowMs);
    return share < 1 ? { kind: "slow-start", share } : READY;
  }

  /** A health check's word: a failed one counts against it until two more could have told otherwise. */
  noteHealth(deployment: Deployment, isHealthy: boolean, nowMs: number): void {
    const live = this.of(deployment);
    const intervalMs = deployment.healthCheck?.intervalMs ?? 0;
    live.unhealthyUntilMs = isHealthy ? 0 : nowMs + intervalMs * UNHEALTHY_FACTOR;
  }

  /** A new config: what is known is kept by name, what the config no longer has goes. */
  reconfigure(snapshot: Snapshot): void {
    const kept = new Set<string>();
    for (const groups of [snapshot.models, snapshot.implicitGroups]) {
      for (const group of groups.values()) {
        for (const deployment of group.deployments) {
          kept.add(deployment.id);
          const live = this.#byId.get(deployment.id);
          if (live === undefined) continue;
          live.deployment = deployment;
          live.scope = this.#limiter.deploymentScope(deployment);
          live.breaker.reconfigure(deployment.breaker);
        }
      }
    }
    for (const [id, live] of this.#byId) if (!kept.has(id) && live.inFlight === 0) this.#byId.delete(id);
    for (const name of this.#budgets.keys()) {
      const provider = snapshot.providers.get(name);
      if (provider === undefined) this.#budgets.delete(name);
      else this.#budgets.get(name)?.reconfigure(provider.retryBudget);
    }
    for (const name of this.#hedges.keys()) {
      if (!snapshot.models.has(name) && !snapshot.implicitGroups.has(name)) this.#hedges.delete(name);
    }
    for (const name of this.adaptive.keys()) {
      const settings = snapshot.providers.get(name)?.adaptive ?? null;
      if (settings === null) this.adaptive.delete(name);
      else this.adaptive.get(name)?.reconfigure(settings);
    }
  }

  /** How each stands, for metrics. */
  *standings(): Iterable<{ id: string; breaker: "closed" | "half-open" | "open"; isCooling: boolean }> {
    const nowMs = this.#clock();
    for (const { deployment, breaker, coolDown } of this.#byId.values()) {
      yield { id: deployment.id, breaker: breaker.state(nowMs).kind, isCooling: coolDown.untilMs(nowMs) !== null };
    }
  }

  /** Every deployment that was asked so far, for status and metrics. */
  all(): Iterable<Live> {
    return this.#byId.values();
  }
}
