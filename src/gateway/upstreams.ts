/** The providers' side of the gateway: connections, credentials, and everything that is known of deployments, by name over any reload. */
import { AdaptiveLimit } from "../admission/adaptive-limit.ts";
import { Bulkheads } from "../admission/bulkheads.ts";
import type { PermitLedger } from "../admission/permit-ledger.ts";
import { RateLimiter } from "../admission/rate-limits.ts";
import { costOf, deploymentAccount, providerAccount, Spend } from "../admission/spend.ts";
import type { OpenExchange } from "../account/open-exchange.ts";
import { TokenRatios } from "../account/token-ratio.ts";
import type { Endpoint } from "../dialect/dialect.ts";
import type { Deployment, Origin, Outcome, Provider, RouteCounter, Snapshot, Usage } from "../exchange.ts";
import type { Schedule } from "../lib/clock.ts";
import type { TimerWheel } from "../lib/timer-wheel.ts";
import type { BodyBudget } from "../wire/body-budget.ts";
import type { CallerStream } from "../wire/caller-stream.ts";
import { type ConnectionPool, ConnectionPools } from "../wire/connection-pool.ts";
import type { AnswerKind } from "../wire/socket-options.ts";
import { Credentials } from "./credentials.ts";
import { LiveDeployments } from "./live-deployments.ts";
import type { ReadRequest } from "./read-request.ts";
import type { ResponsesState } from "./responses-state.ts";

export type UpstreamsOptions = {
  readonly snapshot: Snapshot;
  readonly wheel: TimerWheel;
  readonly ledger: PermitLedger;
  readonly schedule: Schedule;
  readonly clock: () => number;
  readonly wallClock: () => number;
  readonly random: () => number;
  readonly embeddedOrigins: ReadonlyMap<string, Origin>;
  readonly bodies: BodyBudget;
  readonly responses: ResponsesState;
  readonly onBulkheadRejected: (provider: string) => void;
  readonly count: (counter: RouteCounter, label: string) => void;
  readonly onFault: (error: unknown) => void;
  /** Answers where no provider can count tokens. */
  readonly answerEstimate: (
    exchange: OpenExchange,
    caller: CallerStream,
    endpoint: Endpoint,
    request: ReadRequest,
  ) => void;
  /** Ends an exchange. */
  readonly settle: (exchange: OpenExchange, caller: CallerStream, outcome: Outcome) => void;
  /** Turns what was thrown into an answer. */
  readonly rescue: (exchange: OpenExchange, caller: CallerStream, thrown: unknown) => void;
};

export class Upstreams {
  readonly wheel: TimerWheel;
  readonly schedule: Schedule;
  readonly clock: () => number;
  readonly wallClock: () => number;
  readonly random: () => number;
  readonly bodies: BodyBudget;
  readonly responses: ResponsesState;
  readonly onBulkheadRejected: (provider: string) => void;
  readonly count: UpstreamsOptions["count"];
  readonly onFault: (error: unknown) => void;
  readonly answerEstimate: UpstreamsOptions["answerEstimate"];
  readonly settle: UpstreamsOptions["settle"];
  readonly rescue: UpstreamsOptions["rescue"];
  readonly pools: ConnectionPools;
  readonly bulkheads: Bulkheads;
  readonly credentials: Credentials;
  readonly limiter: RateLimiter;
  readonly spend = new Spend();
  readonly ratios = new TokenRatios();
  readonly live: LiveDeployments;
  #snapshot: Snapshot;
  readonly #embeddedOrigins: ReadonlyMap<string, Origin>;

  constructor(options: UpstreamsOptions) {
    const { snapshot, ledger, schedule, clock, wallClock, random } = options;
    this.#snapshot = snapshot;
    this.#embeddedOrigins = options.embeddedOrigins;
    this.wheel = options.wheel;
    this.schedule = schedule;
    this.clock = clock;
    this.wallClock = wallClock;
    this.random = random;
    this.bodies = options.bodies;
    this.responses = options.responses;
    this.onBulkheadRejected = options.onBulkheadRejected;
    this.count = options.count;
    this.onFault = options.onFault;
    this.answerEstimate = options.answerEstimate;
    this.settle = options.settle;
    this.rescue = options.rescue;
    this.pools = new ConnectionPools(snapshot.limits, options.wheel);
    this.bulkheads = new Bulkheads(snapshot, ledger, schedule);
    this.credentials = new Credentials(clock, wallClock, random);
    this.limiter = new RateLimiter(snapshot, ledger, clock());
    const { limiter, spend, credentials } = this;
    this.live = new LiveDeployments({ limiter, spend, credentials, random, clock });
    this.#adapt(snapshot);
  }

  poolOf(provider: Provider, kind: AnswerKind): ConnectionPool {
    const origin = this.#embeddedOrigins.get(provider.id) ?? provider.origin;
    const target = { origin, tls: provider.tls, proxy: provider.proxy };
    return this.pools.get(provider.poolKey, kind, target, this.#snapshot.pool);
  }

  /** A deployment began to answer. */
  onFirstByte(deployment: Deployment, firstByteMs: number): void {
    const { provider, group } = deployment;
    const { models, implicitGroups } = this.#snapshot;
    const modelGroup = models.get(group) ?? implicitGroups.get(group);
    if (modelGroup !== undefined && modelGroup.policy.hedge !== null) {
      this.live.hedgeOf(modelGroup).observe(firstByteMs);
    }
    const adaptive = this.#adaptiveOf(provider);
    if (adaptive === null) return;
    adaptive.onSample(firstByteMs, this.bulkheads.ofProvider(provider).inFlight, this.clock());
    this.bulkheads.adapt(provider, adaptive.limit);
  }

  /** A deployment had too much to do: a timeout, or a 429. */
  onDrop({ provider }: Deployment): void {
    const adaptive = this.#adaptiveOf(provider);
    if (adaptive === null) return;
    adaptive.onDrop(this.clock());
    this.bulkheads.adapt(provider, adaptive.limit);
  }

  /** What an answer cost counts against the budgets of its deployment and provider, where its price is known. */
  onUsage(deployment: Deployment, usage: Usage): void {
    const { price, budget, provider } = deployment;
    if (price === null || (budget === null && provider.budget === null)) return;
    const cost = costOf(usage, price);
    if (cost === null) return;
    const wallNowMs = this.wallClock();
    if (budget !== null) this.spend.add(deploymentAccount(deployment), budget, cost, wallNowMs);
    if (provider.budget !== null) this.spend.add(providerAccount(provider.name), provider.budget, cost, wallNowMs);
  }

  /** A new config: limits change at once, state is kept by name. */
  reconfigure(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    const nowMs = this.clock();
    this.bulkheads.reconfigure(snapshot);
    this.limiter.reconfigure(snapshot, nowMs);
    this.credentials.retain(snapshot);
    this.spend.reconfigure(snapshot);
    this.live.reconfigure(snapshot);
    this.#adapt(snapshot);
    this.pools.retain(new Set([...snapshot.providers.values()].map((provider) => provider.poolKey)), snapshot.limits);
  }

  /** Adaptive bounds hold from the first request on, and new ones at once. */
  #adapt({ providers }: Snapshot): void {
    for (const provider of providers.values()) {
      const adaptive = this.#adaptiveOf(provider);
      if (adaptive !== null) this.bulkheads.adapt(provider, adaptive.limit);
    }
  }

  /** null where the config of now has none: what a request of an older one learns is of no use. */
  #adaptiveOf(provider: Provider): AdaptiveLimit | null {
    const settings =
      provider.adaptive === null ? null : (this.#snapshot.providers.get(provider.name)?.adaptive ?? null);
    if (settings === null) return null;
    const { adaptive } = this.live;
    let limit = adaptive.get(provider.name);
    if (limit === undefined) {
      limit = new AdaptiveLimit(settings, { random: this.random });
      adaptive.set(provider.name, limit);
    }
    return limit;
  }
}
