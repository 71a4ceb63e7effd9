import type { Deployment, ModelGroup, Provider, Snapshot } from "../exchange.ts";
import type { Schedule } from "../lib/clock.ts";
import type { Key, Priority, RateLimits, Team } from "../policy.ts";
import { type BulkheadLimits, isUnlimited } from "./bulkhead-limits.ts";
import { Bulkhead, type Permit, type RejectReason } from "./bulkhead.ts";
import type { PermitLedger } from "./permit-ledger.ts";

/** Who waits for a permit and can be told to give up. */
export interface PermitSeeker {
  /** What it waits for; the bulkhead sets it while the wait lasts. */
  step: { cancel(): void } | null;
}

const GATEWAY_TOKENS = "gateway-tokens";

type Cache<T extends object> = WeakMap<T, Bulkhead | null>;

/**
 * The bulkheads of every scope, kept by name across reloads: "gateway", "gateway-tokens", "provider/NAME", "deployment/ID",
 * "model/NAME", "key/NAME", "team/NAME".
 *
 * The gateway has two, because a request's slot is taken before its body is read, and its tokens are known after. A scope that limits nothing has none (null), but the gateway and every provider, whose numbers are metrics. Who was admitted
 * while a scope had no limit is not counted in it when a reload gives it one: such requests end, and what comes is counted.
 */
export class Bulkheads {
  /** Slots, taken as soon as a request's head is there. */
  readonly gateway: Bulkhead;
  /** Tokens in flight over all requests; null where they are not limited. */
  gatewayTokens: Bulkhead | null;
  readonly #byScope = new Map<string, Bulkhead>();
  /** A snapshot's parts are immutable and its own: one look-up by the thing itself instead of a name made per request. */
  #cache = makeCache();
  readonly #ledger: PermitLedger;
  readonly #schedule: Schedule;

  constructor(snapshot: Snapshot, ledger: PermitLedger, schedule: Schedule) {
    this.#ledger = ledger;
    this.#schedule = schedule;
    this.gateway = this.of("gateway", limitsOfGateway(snapshot));
    this.gatewayTokens = this.#findGatewayTokens(snapshot);
  }

  /** The bulkhead of a scope, made with these limits where there is none yet; one that is there keeps its own. */
  of(scope: string, limits: BulkheadLimits): Bulkhead;
  /** As `ofProvider`. */
  of(provider: Provider): Bulkhead;
  of(scope: string | Provider, limits?: BulkheadLimits): Bulkhead {
    if (typeof scope !== "string") return this.ofProvider(scope);
    const known = this.#byScope.get(scope);
    if (known !== undefined || limits === undefined) return known as Bulkhead;
    const name = scope.startsWith("provider/") ? scope.slice("provider/".length) : scope;
    const made = new Bulkhead({ name, ...limits, ledger: this.#ledger, schedule: this.#schedule });
    this.#byScope.set(scope, made);
    return made;
  }

  ofProvider(provider: Provider): Bulkhead {
    let bulkhead = this.#cache.providers.get(provider);
    if (bulkhead === undefined || bulkhead === null) {
      bulkhead = this.of(`provider/${provider.name}`, limitsOfProvider(provider));
      this.#cache.providers.set(provider, bulkhead);
    }
    return bulkhead;
  }

  ofDeployment(deployment: Deployment): Bulkhead | null {
    const bulkhead = this.#cache.deployments.get(deployment);
    return bulkhead === undefined
      ? this.#find(this.#cache.deployments, deployment, "deployment", deployment.id)
      : bulkhead;
  }

  ofModel(group: ModelGroup): Bulkhead | null {
    const bulkhead = this.#cache.models.get(group);
    return bulkhead === undefined ? this.#find(this.#cache.models, group, "model", group.name) : bulkhead;
  }

  ofKey(key: Key | null): Bulkhead | null {
    if (key === null) return null;
    const bulkhead = this.#cache.keys.get(key);
    return bulkhead === undefined ? this.#find(this.#cache.keys, key, "key", key.name) : bulkhead;
  }

  ofTeam(team: Team | null): Bulkhead | null {
    if (team === null) return null;
    const bulkhead = this.#cache.teams.get(team);
    return bulkhead === undefined ? this.#find(this.#cache.teams, team, "team", team.name) : bulkhead;
  }

  /** Whether a deployment, or its provider, has no free slot now. */
  isFull(deployment: Deployment): boolean {
    return this.ofProvider(deployment.provider).isFull || this.ofDeployment(deployment)?.isFull === true;
  }

  /** A bound of the provider's slots beside the config's, as adaptive concurrency found it; it goes with the setting. */
  adapt(provider: Provider, limit: number): void {
    this.ofProvider(provider).throttle(limit);
  }

  /** New limits at once; what is held stays held, and an empty bulkhead that no config names any more goes. */
  reconfigure(snapshot: Snapshot): void {
    const named = new Set<Bulkhead>();
    for (const [scope, limits] of scopesOf(snapshot)) {
      const bulkhead = this.#byScope.get(scope);
      if (bulkhead === undefined || named.has(bulkhead)) continue;
      bulkhead.reconfigure(limits);
      named.add(bulkhead);
    }
    for (const [scope, bulkhead] of this.#byScope) {
      if (!named.has(bulkhead) && bulkhead.inFlight === 0 && bulkhead.queued === 0) this.#byScope.delete(scope);
    }
    for (const provider of snapshot.providers.values()) {
      if (provider.adaptive === null) this.#byScope.get(`provider/${provider.name}`)?.throttle(null);
    }
    this.gatewayTokens = this.#findGatewayTokens(snapshot);
    // Requests of an older snapshot find theirs by name again, so that no scope has two.
    this.#cache = makeCache();
  }

  /** What a provider has in flight and in its queue. */
  loadOf(provider: string): { readonly inFlight: number; readonly queued: number; readonly tokensInFlight: number } {
    const bulkhead = this.#byScope.get(`provider/${provider}`);
    return {
      inFlight: bulkhead?.inFlight ?? 0,
      queued: bulkhead?.queued ?? 0,
      tokensInFlight: bulkhead?.tokensInFlight ?? 0,
    };
  }

  #findGatewayTokens(snapshot: Snapshot): Bulkhead | null {
    const limits = limitsOfGatewayTokens(snapshot);
    return isUnlimited(limits) ? null : this.of(GATEWAY_TOKENS, limits);
  }

  #find<T extends { readonly limits: RateLimits }>(
    cache: Cache<T>,
    thing: T,
    kind: string,
    name: string,
  ): Bulkhead | null {
    const limits = limitsOf(thing.limits);
    const bulkhead = isUnlimited(limits) ? null : this.of(`${kind}/${name}`, limits);
    cache.set(thing, bulkhead);
    return bulkhead;
  }
}

function makeCache(): {
  readonly providers: Cache<Provider>;
  readonly deployments: Cache<Deployment>;
  readonly models: Cache<ModelGroup>;
  readonly keys: Cache<Key>;
  readonly teams: Cache<Team>;
} {
  return {
    providers: new WeakMap(),
    deployments: new WeakMap(),
    models: new WeakMap(),
    keys: new WeakMap(),
    teams: new WeakMap(),
  };
}

/** Every scope of a config with its limits; of two that share a name the first counts, as it does where models are looked up. */
function* scopesOf(snapshot: Snapshot): Iterable<readonly [scope: string, limits: BulkheadLimits]> {
  yield ["gateway", limitsOfGateway(snapshot)];
  yield [GATEWAY_TOKENS, limitsOfGatewayTokens(snapshot)];
  for (const provider of snapshot.providers.values()) yield [`provider/${provider.name}`, limitsOfProvider(provider)];
  for (const key of snapshot.keys.values()) yield [`key/${key.name}`, limitsOf(key.limits)];
  for (const team of snapshot.teams.values()) yield [`team/${team.name}`, limitsOf(team.limits)];
  for (const groups of [snapshot.models, snapshot.implicitGroups]) {
    for (const group of groups.values()) {
      yield [`model/${group.name}`, limitsOf(group.limits)];
      for (const deployment of group.deployments) yield [`deployment/${deployment.id}`, limitsOf(deployment.limits)];
    }
  }
}

function limitsOfGateway({ limits }: Snapshot): BulkheadLimits {
  const { maxConcurrent, rates, queue, reserved } = limits;
  return {
    maxConcurrent: Math.min(maxConcurrent, rates.maxConcurrent ?? Number.POSITIVE_INFINITY),
    maxTokens: null,
    queue,
    reserved,
  };
}

function limitsOfGatewayTokens({ limits }: Snapshot): BulkheadLimits {
  return { maxConcurrent: null, maxTokens: limits.rates.maxInFlightTokens, queue: limits.queue, reserved: null };
}

function limitsOfProvider({ maxConcurrent, maxInFlightTokens, queue }: Provider): BulkheadLimits {
  return { maxConcurrent, maxTokens: maxInFlightTokens, queue, reserved: null };
}

/** Nobody waits at these: a key is told that it is at its limit, and for a deployment there are others. */
function limitsOf({ maxConcurrent, maxInFlightTokens }: RateLimits): BulkheadLimits {
  return { maxConcurrent, maxTokens: maxInFlightTokens, queue: null, reserved: null };
}

/**
 * Waits for a permit where a queue is configured; leaves the queue at once when the seeker gives up.
 * Rejects with what `onRejected` or `onLeft` make.
 */
export function waitForPermit(
  bulkhead: Bulkhead,
  seeker: PermitSeeker,
  tokens: number,
  priority: Priority,
  errors: { onRejected(reason: RejectReason): Error; onLeft(): Error },
): Promise<Permit> {
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const waiter = {
      onGranted(permit: Permit) {
        isAnswered = true;
        seeker.step = null;
        resolve(permit);
      },
      onRejected(reason: RejectReason) {
        isAnswered = true;
        seeker.step = null;
        reject(errors.onRejected(reason));
      },
    };
    const ticket = bulkhead.enqueue(waiter, tokens, priority);
    if (isAnswered) return;
    seeker.step = {
      cancel() {
        ticket.leave();
        reject(errors.onLeft());
      },
    };
  });
}
