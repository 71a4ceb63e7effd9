import { describe, expect, test } from "bun:test";
import type { Permit, RejectReason } from "../../src/admission/bulkhead.ts";
import { Bulkheads, type PermitSeeker, waitForPermit } from "../../src/admission/bulkheads.ts";
import { PermitLedger } from "../../src/admission/permit-ledger.ts";
import type { Deployment, ModelGroup, Provider, QueueSettings, Snapshot } from "../../src/exchange.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { type Key, NO_LIMITS, type RateLimits, type Team } from "../../src/policy.ts";

type Limits = Partial<RateLimits>;
type Config = {
  readonly maxConcurrent?: number;
  readonly rates?: Limits;
  readonly queue?: QueueSettings;
  readonly providers?: Readonly<
    Record<string, Limits & { readonly queue?: QueueSettings; readonly isAdaptive?: boolean }>
  >;
  readonly deployments?: Readonly<Record<string, Limits>>;
  readonly model?: Limits;
  readonly key?: Limits;
  readonly team?: Limits;
};

/** As much of a snapshot as bulkheads look at: each provider with one deployment of the model "m". */
function snapshotOf(config: Config): Snapshot {
  const providers = Object.entries(config.providers ?? { openai: {} }).map(([name, { isAdaptive, ...limits }]) => {
    const adaptive = isAdaptive === true ? { min: 1, max: 10 } : null;
    return { name, queue: null, ...NO_LIMITS, ...limits, adaptive } as unknown as Provider;
  });
  const deployments = providers.map((provider) => {
    const id = `m/${provider.name}`;
    return { id, provider, limits: { ...NO_LIMITS, ...config.deployments?.[id] } } as unknown as Deployment;
  });
  const group = { name: "m", deployments, limits: { ...NO_LIMITS, ...config.model } } as unknown as ModelGroup;
  const key = { name: "shop", limits: { ...NO_LIMITS, ...config.key } } as unknown as Key;
  const team = { name: "marketing", limits: { ...NO_LIMITS, ...config.team } } as unknown as Team;
  return {
    providers: new Map(providers.map((provider) => [provider.name, provider])),
    models: new Map([["m", group]]),
    implicitGroups: new Map(),
    keys: new Map([["hash", key]]),
    teams: new Map([["marketing", team]]),
    limits: {
      maxConcurrent: config.maxConcurrent ?? 100,
      rates: { ...NO_LIMITS, ...config.rates },
      reserved: { high: 0, normal: 0 },
      queue: config.queue ?? null,
    },
  } as unknown as Snapshot;
}

function setUp(config: Config) {
  const clock = new SimulatedClock();
  const ledger = new PermitLedger();
  const snapshot = snapshotOf(config);
  return { clock, ledger, snapshot, bulkheads: new Bulkheads(snapshot, ledger, clock.schedule) };
}

function partsOf(snapshot: Snapshot): {
  provider: Provider;
  deployment: Deployment;
  group: ModelGroup;
  key: Key;
  team: Team;
} {
  const group = snapshot.models.get("m") as ModelGroup;
  const deployment = group.deployments[0] as Deployment;
  return {
    provider: deployment.provider,
    deployment,
    group,
    key: [...snapshot.keys.values()][0] as Key,
    team: [...snapshot.teams.values()][0] as Team,
  };
}

describe("a scope without limits", () => {
  test("has no bulkhead, but the gateway and providers always count", () => {
    const { bulkheads, snapshot } = setUp({});
    const { provider, deployment, group, key, team } = partsOf(snapshot);
    expect([
      bulkheads.ofDeployment(deployment),
      bulkheads.ofModel(group),
      bulkheads.ofKey(key),
      bulkheads.ofTeam(team),
      bulkheads.ofKey(null),
      bulkheads.ofTeam(null),
      bulkheads.gatewayTokens,
    ]).toEqual([null, null, null, null, null, null, null]);
    bulkheads.of(provider).tryAcquire(30);
    expect(bulkheads.gateway.inFlight).toBe(0);
    expect(bulkheads.loadOf("openai")).toEqual({ inFlight: 1, queued: 0, tokensInFlight: 30 });
    expect(bulkheads.loadOf("unknown")).toEqual({ inFlight: 0, queued: 0, tokensInFlight: 0 });
  });
});

describe("a scope with limits", () => {
  test("has one bulkhead of its own, the same each time it is asked for", () => {
    const limited = { maxConcurrent: 1 };
    const { bulkheads, snapshot } = setUp({
      deployments: { "m/openai": limited },
      model: limited,
      key: limited,
      team: limited,
    });
    const { deployment, group, key, team } = partsOf(snapshot);
    const all = [
      () => bulkheads.ofDeployment(deployment),
      () => bulkheads.ofModel(group),
      () => bulkheads.ofKey(key),
      () => bulkheads.ofTeam(team),
    ];
    for (const find of all) {
      expect(find()?.tryAcquire()).not.toBeNull();
      expect(find()?.tryAcquire()).toBeNull();
    }
    expect(new Set(all.map((find) => find())).size).toBe(4);
  });

  test("of the gateway: the smaller of its two limits of slots, and its tokens apart", () => {
    const { bulkheads } = setUp({ maxConcurrent: 3, rates: { maxConcurrent: 2, maxInFlightTokens: 100 } });
    bulkheads.gateway.tryAcquire();
    bulkheads.gateway.tryAcquire();
    expect(bulkheads.gateway.tryAcquire()).toBeNull();
    expect(bulkheads.gateway.boundsTokens).toBe(false);
    expect(bulkheads.gatewayTokens?.tryAcquire(100)).not.toBeNull();
    expect(bulkheads.gatewayTokens?.tryAcquire(1)).toBeNull();
  });

  test("is full where the deployment or its provider is", () => {
    const { bulkheads, snapshot } = setUp({
      providers: { openai: { maxConcurrent: 2 } },
      deployments: { "m/openai": { maxConcurrent: 1 } },
    });
    const { provider, deployment } = partsOf(snapshot);
    expect(bulkheads.isFull(deployment)).toBe(false);
    const permit = bulkheads.ofDeployment(deployment)?.tryAcquire();
    expect(bulkheads.isFull(deployment)).toBe(true);
    permit?.settle();
    expect(bulkheads.isFull(deployment)).toBe(false);
    bulkheads.ofProvider(provider).tryAcquire();
    bulkheads.ofProvider(provider).tryAcquire();
    expect(bulkheads.isFull(deployment)).toBe(true);
  });
});

describe("a reload", () => {
  test("changes limits at once and keeps what is in flight, for requests of the old config and the new", () => {
    const { bulkheads, snapshot } = setUp({ key: { maxConcurrent: 1 }, rates: { maxInFlightTokens: 10 } });
    const old = partsOf(snapshot);
    const { gatewayTokens } = bulkheads;
    gatewayTokens?.tryAcquire(10);
    const permit = bulkheads.ofKey(old.key)?.tryAcquire();
    const next = snapshotOf({ key: { maxConcurrent: 2 }, rates: { maxInFlightTokens: 15 } });
    bulkheads.reconfigure(next);
    const { key } = partsOf(next);
    expect(bulkheads.ofKey(key)?.inFlight).toBe(1);
    expect(bulkheads.ofKey(old.key)).toBe(bulkheads.ofKey(key));
    expect(bulkheads.ofKey(key)?.tryAcquire()).not.toBeNull();
    expect(bulkheads.ofKey(old.key)?.tryAcquire()).toBeNull();
    expect(bulkheads.gatewayTokens).toBe(gatewayTokens);
    expect(bulkheads.gatewayTokens?.tryAcquire(5)).not.toBeNull();
    permit?.settle();
    expect(bulkheads.ofKey(key)?.inFlight).toBe(1);
  });

  test("takes limits away and gives them back", () => {
    const { bulkheads, snapshot } = setUp({ model: { maxConcurrent: 1 }, rates: { maxInFlightTokens: 10 } });
    expect(bulkheads.ofModel(partsOf(snapshot).group)).not.toBeNull();
    const without = snapshotOf({});
    bulkheads.reconfigure(without);
    expect(bulkheads.ofModel(partsOf(without).group)).toBeNull();
    expect(bulkheads.gatewayTokens).toBeNull();
    bulkheads.reconfigure(snapshot);
    expect(bulkheads.ofModel(partsOf(snapshot).group)?.tryAcquire()).not.toBeNull();
  });

  test("drops what the config no longer has once it is empty, never before", () => {
    const { bulkheads, snapshot } = setUp({ providers: { openai: {}, local: {} } });
    const [openai, local] = [...snapshot.providers.values()] as [Provider, Provider];
    const permit = bulkheads.ofProvider(local).tryAcquire();
    bulkheads.ofProvider(openai).tryAcquire();
    const without = snapshotOf({ providers: { openai: {} } });
    bulkheads.reconfigure(without);
    expect(bulkheads.loadOf("local").inFlight).toBe(1);
    const kept = bulkheads.ofProvider(local);
    permit?.settle();
    bulkheads.reconfigure(without);
    expect(bulkheads.ofProvider(local)).not.toBe(kept);
    expect(bulkheads.loadOf("openai").inFlight).toBe(1);
  });

  test("keeps the bound that adaptive concurrency found, until it is no longer asked for", () => {
    const adaptive = { providers: { openai: { maxConcurrent: 10, isAdaptive: true } } };
    const { bulkheads, snapshot } = setUp(adaptive);
    const { provider } = partsOf(snapshot);
    bulkheads.adapt(provider, 1);
    bulkheads.ofProvider(provider).tryAcquire();
    bulkheads.reconfigure(snapshotOf(adaptive));
    expect(bulkheads.ofProvider(provider).tryAcquire()).toBeNull();
    bulkheads.reconfigure(snapshotOf({ providers: { openai: { maxConcurrent: 10 } } }));
    expect(bulkheads.ofProvider(provider).tryAcquire()).not.toBeNull();
  });
});

describe("waiting for a permit", () => {
  const queue = { size: 2, timeoutMs: 100 };
  const errors = {
    onRejected: (reason: RejectReason): Error => new Error(reason),
    onLeft: (): Error => new Error("left"),
  };

  test("ends with the permit, a refusal, or the seeker's leaving, and tokens and class count", async () => {
    const { bulkheads, clock, ledger, snapshot } = setUp({ providers: { openai: { maxInFlightTokens: 10, queue } } });
    const bulkhead = bulkheads.ofProvider(partsOf(snapshot).provider);
    const holder = bulkhead.tryAcquire(10) as Permit;
    const seekers: PermitSeeker[] = Array.from({ length: 4 }, () => ({ step: null }));
    const seek = (index: number, priority: "high" | "low"): Promise<Permit | string> =>
      waitForPermit(bulkhead, seekers[index] as PermitSeeker, 5, priority, errors).catch(
        (error: Error) => error.message,
      );
    const low = seek(0, "low");
    const leaver = seek(1, "high");
    const high = seek(2, "high");
    expect(await low).toBe("shed");
    expect(seekers.map(({ step }) => step === null)).toEqual([true, false, false, true]);
    seekers[1]?.step?.cancel();
    expect(await leaver).toBe("left");
    const late = seek(3, "low");
    holder.adjust(5);
    const permit = (await high) as Permit;
    expect(bulkhead.tokensInFlight).toBe(10);
    expect(seekers[2]?.step).toBeNull();
    clock.advance(100);
    expect(await late).toBe("timeout");
    permit.settle();
    holder.settle();
    expect([ledger.held, clock.pending]).toEqual([0, 0]);
  });

  test("that is answered at once leaves the seeker no step", async () => {
    const { bulkheads, snapshot } = setUp({});
    const seeker: PermitSeeker = { step: null };
    const permit = await waitForPermit(bulkheads.ofProvider(partsOf(snapshot).provider), seeker, 0, "normal", errors);
    expect(seeker.step).toBeNull();
    permit.settle();
    await expect(waitForPermit(fullBulkhead(), seeker, 0, "normal", errors)).rejects.toThrow("full");
  });

  function fullBulkhead() {
    const { bulkheads } = setUp({ maxConcurrent: 1 });
    bulkheads.gateway.tryAcquire();
    return bulkheads.gateway;
  }
});
