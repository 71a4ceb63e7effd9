/**
 * Requests and tokens per minute of the gateway, keys, teams, models and deployments: what a request may use is taken from all of
 * its limits before it starts (reserved), and put right when what it really used is known (settled).
 *
 * The bounds. Requests: those of `RateBucket`, at most twice the limit in any 60 s. Tokens: the same for what is charged, net of
 * refunds. A request overshoots by what it used beyond its estimate, and no more; that is owed, and paid by those after it. What
 * older requests reserved in vain comes back at once, to be used a second time: it was charged to a minute before.
 */
import type { Caller, Deployment, ModelGroup, Snapshot } from "../exchange.ts";
import type { Key, RateLimits } from "../policy.ts";
import type { PermitLedger } from "./permit-ledger.ts";
import { RateBucket } from "./rate-bucket.ts";

export type ScopeKind = "gateway" | "key" | "team" | "model" | "deployment";

/** A limit that was hit; of several the one with the longest wait. */
export type Refusal = {
  readonly kind: "refused";
  readonly scope: ScopeKind;
  /** The key's, team's or model's name, or the deployment's id; "" for the gateway. */
  readonly name: string;
  readonly limit: "requests" | "tokens";
  readonly perMinute: number;
  /** After so long the same request passes, if nobody else came. */
  readonly retryAfterMs: number;
};

/** What a request holds of its limits until it is settled, exactly once. */
export interface Reservation {
  readonly kind: "reserved";
  /**
   * Puts the tokens right. null: what was used is not known, and the reservation stands. 0: it was never sent, and everything is
   * given back, the request too.
   */
  settle(actualTokens: number | null, nowMs: number): void;
  /** It was sent and used no tokens (the provider refused it, or failed): the tokens come back, the request counts. */
  settleUnserved(nowMs: number): void;
}

/** For requests that nothing limits. */
export const NOTHING_RESERVED: Reservation = {
  kind: "reserved",
  settle: () => {},
  settleUnserved: () => {},
};

const NO_SCOPES: readonly RateScope[] = [];
/** Arrays of scopes that are kept; beyond that all are made anew, which costs less than a microsecond each. */
const MAX_CACHED = 10_000;

/** The limits of one gateway, key, team, model or deployment. It never changes which limits it has: a reload makes a new one around the same buckets. */
export class RateScope {
  readonly scope: ScopeKind;
  readonly name: string;
  readonly requests: RateBucket | null;
  readonly tokens: RateBucket | null;
  /** Whether it matters how many tokens a request may use. */
  readonly boundsTokens: boolean;
  /** Only this one, for `reserve`. */
  readonly alone: readonly RateScope[];

  constructor(scope: ScopeKind, name: string, requests: RateBucket | null, tokens: RateBucket | null) {
    this.scope = scope;
    this.name = name;
    this.requests = requests;
    this.tokens = tokens;
    this.boundsTokens = tokens !== null;
    this.alone = [this];
  }

  /** How long until a request of so many tokens passes; 0: now. */
  untilMs(tokens: number, nowMs: number): number {
    return Math.max(this.requests?.untilMs(1, nowMs) ?? 0, this.tokens?.untilMs(tokens, nowMs) ?? 0);
  }

  /** The larger of the shares of its limits that are used (0 to 1, more while something is owed). */
  usedShare(nowMs: number): number {
    return Math.max(this.requests?.usedShare(nowMs) ?? 0, this.tokens?.usedShare(nowMs) ?? 0, 0);
  }
}

/** All limits per minute, kept by name across reloads and bounded by the config. */
export class RateLimiter {
  readonly #ledger: PermitLedger;
  #snapshot: Snapshot;
  #gateway: RateScope | null = null;
  #keys = new Map<string, RateScope>();
  #teams = new Map<string, RateScope>();
  #models = new Map<string, RateScope>();
  #deployments = new Map<string, RateScope>();
  /** What limits each key's requests, whatever the model; null: those without a key. */
  #ofCaller = new Map<Key | null, readonly RateScope[]>();
  /** The same with a model's own limits. */
  #ofPair = new Map<readonly RateScope[], Map<RateScope, readonly RateScope[]>>();
  #cachedPairs = 0;

  constructor(snapshot: Snapshot, ledger: PermitLedger, nowMs: number) {
    this.#ledger = ledger;
    this.#snapshot = snapshot;
    this.reconfigure(snapshot, nowMs);
  }

  /** New limits: what was used stays used, and what the config no longer limits goes; reservations made there still settle. */
  reconfigure(snapshot: Snapshot, nowMs: number): void {
    this.#snapshot = snapshot;
    this.#gateway = renew(this.#gateway ?? undefined, "gateway", "", snapshot.limits.rates, nowMs);
    const keys = new Map<string, RateScope>();
    for (const { name, limits } of snapshot.keys.values()) keep(keys, this.#keys, "key", name, limits, nowMs);
    const teams = new Map<string, RateScope>();
    for (const { name, limits } of snapshot.teams.values()) keep(teams, this.#teams, "team", name, limits, nowMs);
    const models = new Map<string, RateScope>();
    const deployments = new Map<string, RateScope>();
    for (const groups of [snapshot.models, snapshot.implicitGroups]) {
      for (const group of groups.values()) {
        // A configured model and a provider's own names may be called the same: then the former's limits hold.
        if (!models.has(group.name)) keep(models, this.#models, "model", group.name, group.limits, nowMs);
        for (const { id, limits } of group.deployments) {
          if (!deployments.has(id)) keep(deployments, this.#deployments, "deployment", id, limits, nowMs);
        }
      }
    }
    this.#keys = keys;
    this.#teams = teams;
    this.#models = models;
    this.#deployments = deployments;
    this.#forgetArrays();
  }

  /**
   * What limits a caller's requests for a model, the same array each time; empty where nothing does. For a request that began
   * before the last reload: what of that is limited still.
   */
  callerScopes(snapshot: Snapshot, { key }: Caller, group: ModelGroup): readonly RateScope[] {
    // The keys of an older config are not kept beyond it.
    const isKept = snapshot === this.#snapshot;
    let scopes = this.#ofCaller.get(key);
    if (scopes === undefined) {
      scopes = this.#findCallerScopes(key);
      if (isKept) this.#keepCallerScopes(key, scopes);
    }
    const model = this.#models.size === 0 ? undefined : this.#models.get(group.name);
    if (model === undefined) return scopes;
    if (scopes.length === 0) return model.alone;
    return isKept ? this.#joined(scopes, model) : [...scopes, model];
  }

  /** What limits a deployment; null where nothing does. */
  deploymentScope({ id }: Deployment): RateScope | null {
    return this.#deployments.get(id) ?? null;
  }

  /** Takes one request and so many tokens from each scope, or nothing from any. */
  reserve(scopes: readonly RateScope[], tokens: number, nowMs: number): Reservation | Refusal {
    if (scopes.length === 0) return NOTHING_RESERVED;
    const amount = tokens > 0 ? tokens : 0;
    let isClamped = false;
    for (const scope of scopes) {
      const { requests, tokens: bucket } = scope;
      if (requests !== null && !requests.holds(1, nowMs)) return refusal(scopes, amount, nowMs);
      if (bucket === null) continue;
      if (!bucket.holds(amount, nowMs)) return refusal(scopes, amount, nowMs);
      if (bucket.clamp(amount) !== amount) isClamped = true;
    }
    // An estimate may be anything: it empties a bucket, and what is used beyond that is owed once it was really used.
    const taken = isClamped ? scopes.map(({ tokens: bucket }) => bucket?.clamp(amount) ?? 0) : null;
    for (let index = 0; index < scopes.length; index++) {
      const { requests, tokens: bucket } = scopes[index] as RateScope;
      requests?.take(1, nowMs);
      bucket?.take(taken === null ? amount : (taken[index] as number), nowMs);
    }
    this.#ledger.countAcquired();
    return new HeldReservation(this.#ledger, scopes, amount, taken);
  }

  #findCallerScopes(key: Key | null): readonly RateScope[] {
    const found: RateScope[] = [];
    if (this.#gateway !== null) found.push(this.#gateway);
    if (key !== null) {
      const own = this.#keys.get(key.name);
      if (own !== undefined) found.push(own);
      const team = key.team === null ? undefined : this.#teams.get(key.team);
      if (team !== undefined) found.push(team);
    }
    return found.length === 0 ? NO_SCOPES : found;
  }

  #keepCallerScopes(key: Key | null, scopes: readonly RateScope[]): void {
    if (this.#ofCaller.size >= MAX_CACHED) this.#forgetArrays();
    this.#ofCaller.set(key, scopes);
  }

  #joined(scopes: readonly RateScope[], model: RateScope): readonly RateScope[] {
    let byModel = this.#ofPair.get(scopes);
    const found = byModel?.get(model);
    if (found !== undefined) return found;
    if (this.#cachedPairs >= MAX_CACHED) {
      this.#forgetPairs();
      byModel = undefined;
    }
    if (byModel === undefined) {
      byModel = new Map();
      this.#ofPair.set(scopes, byModel);
    }
    const joined = [...scopes, model];
    byModel.set(model, joined);
    this.#cachedPairs++;
    return joined;
  }

  #forgetArrays(): void {
    this.#ofCaller = new Map();
    this.#forgetPairs();
  }

  #forgetPairs(): void {
    this.#ofPair = new Map();
    this.#cachedPairs = 0;
  }
}

class HeldReservation implements Reservation {
  readonly kind = "reserved";
  readonly #ledger: PermitLedger;
  readonly #scopes: readonly RateScope[];
  readonly #tokens: number;
  /** What each scope gave, where some could not give all. */
  readonly #taken: readonly number[] | null;
  #isSettled = false;

  constructor(ledger: PermitLedger, scopes: readonly RateScope[], tokens: number, taken: readonly number[] | null) {
    this.#ledger = ledger;
    this.#scopes = scopes;
    this.#tokens = tokens;
    this.#taken = taken;
  }

  settle(actualTokens: number | null, nowMs: number): void {
    if (!this.#end() || actualTokens === null) return;
    if (actualTokens === 0) for (const { requests } of this.#scopes) requests?.give(1, nowMs);
    this.#correct(actualTokens, nowMs);
  }

  settleUnserved(nowMs: number): void {
    if (this.#end()) this.#correct(0, nowMs);
  }

  #end(): boolean {
    if (this.#isSettled) {
      this.#ledger.countDoubleSettled("rates");
      return false;
    }
    this.#isSettled = true;
    this.#ledger.countSettled();
    return true;
  }

  #correct(actualTokens: number, nowMs: number): void {
    // What a provider reports is its word; a word that is no number of tokens leaves the reservation as it is.
    if (!(actualTokens >= 0 && Number.isFinite(actualTokens))) return;
    for (let index = 0; index < this.#scopes.length; index++) {
      const bucket = (this.#scopes[index] as RateScope).tokens;
      if (bucket === null) continue;
      const taken = this.#taken === null ? this.#tokens : (this.#taken[index] as number);
      if (actualTokens <= taken) bucket.give(taken - actualTokens, nowMs);
      else bucket.take(actualTokens - taken, nowMs);
    }
  }
}

/** The limit with the longest wait of those that cannot give what is asked. */
function refusal(scopes: readonly RateScope[], tokens: number, nowMs: number): Refusal {
  let longest: { scope: RateScope; limit: "requests" | "tokens"; bucket: RateBucket } | null = null;
  let retryAfterMs = 0;
  for (const scope of scopes) {
    for (const limit of ["requests", "tokens"] as const) {
      const bucket = scope[limit];
      const waitMs = bucket?.untilMs(limit === "requests" ? 1 : tokens, nowMs) ?? 0;
      if (bucket === null || waitMs <= retryAfterMs) continue;
      retryAfterMs = waitMs;
      longest = { scope, limit, bucket };
    }
  }
  if (longest === null) throw new Error("a refusal is asked for where a limit was hit");
  const { scope, limit, bucket } = longest;
  return { kind: "refused", scope: scope.scope, name: scope.name, limit, perMinute: bucket.perMinute, retryAfterMs };
}

function keep(
  into: Map<string, RateScope>,
  from: ReadonlyMap<string, RateScope>,
  scope: ScopeKind,
  name: string,
  limits: RateLimits,
  nowMs: number,
): void {
  const renewed = renew(from.get(name), scope, name, limits, nowMs);
  if (renewed !== null) into.set(name, renewed);
}

/** A scope with new limits around the buckets it had; the same object where it still has the same kinds of limits. */
function renew(
  old: RateScope | undefined,
  scope: ScopeKind,
  name: string,
  { rpm, tpm }: RateLimits,
  nowMs: number,
): RateScope | null {
  if (rpm === null && tpm === null) return null;
  const requests = renewBucket(old?.requests ?? null, rpm, nowMs);
  const tokens = renewBucket(old?.tokens ?? null, tpm, nowMs);
  if (old !== undefined && old.requests === requests && old.tokens === tokens) return old;
  return new RateScope(scope, name, requests, tokens);
}

function renewBucket(old: RateBucket | null, perMinute: number | null, nowMs: number): RateBucket | null {
  if (perMinute === null) return null;
  if (old === null) return new RateBucket(perMinute, nowMs);
  if (old.perMinute !== perMinute) old.reconfigure(perMinute, nowMs);
  return old;
}
