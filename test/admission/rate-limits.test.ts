import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PermitLedger } from "../../src/admission/permit-ledger.ts";
import {
  NOTHING_RESERVED,
  RateLimiter,
  type RateScope,
  type Refusal,
  type Reservation,
} from "../../src/admission/rate-limits.ts";
import type { Caller, Deployment, ModelGroup, Snapshot } from "../../src/exchange.ts";
import { type Key, NO_LIMITS, type RateLimits } from "../../src/policy.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };
const ANONYMOUS: Caller = { name: "anonymous", key: null };

type Limits = { readonly rpm?: number | null; readonly tpm?: number | null };
type Described = {
  readonly gateway?: Limits;
  readonly keys?: Readonly<Record<string, Limits & { readonly team?: string }>>;
  readonly teams?: Readonly<Record<string, Limits>>;
  readonly models?: Readonly<Record<string, Limits & { readonly deployments?: Readonly<Record<string, Limits>> }>>;
};

function limits({ rpm = null, tpm = null }: Limits): RateLimits {
  return { ...NO_LIMITS, rpm, tpm };
}

/** As much of a snapshot as limits are read from. */
function describeSnapshot({ gateway = {}, keys = {}, teams = {}, models = {} }: Described): Snapshot {
  const groups = Object.entries(models).map(([name, model]): [string, ModelGroup] => {
    const deployments = Object.entries(model.deployments ?? {}).map(([id, own]) => ({ id, limits: limits(own) }));
    return [name, { name, limits: limits(model), deployments } as unknown as ModelGroup];
  });
  const given = Object.entries(keys).map(([name, key]): [string, Key] => [
    `hash of ${name}`,
    {
      name,
      sha256: `hash of ${name}`,
      models: null,
      limits: limits(key),
      tags: [],
      team: key.team ?? null,
      maxPriority: "high",
      mayDebug: false,
    },
  ]);
  return {
    limits: { rates: limits(gateway) },
    keys: new Map(given),
    teams: new Map(Object.entries(teams).map(([name, team]) => [name, { name, limits: limits(team) }])),
    models: new Map(groups),
    implicitGroups: new Map<string, ModelGroup>(),
  } as unknown as Snapshot;
}

function setUp(described: Described) {
  const defects: string[] = [];
  const ledger = new PermitLedger((what) => defects.push(what));
  const snapshot = describeSnapshot(described);
  return { ledger, defects, snapshot, limiter: new RateLimiter(snapshot, ledger, 0) };
}

function callerOf(snapshot: Snapshot, name: string): Caller {
  const key = snapshot.keys.get(`hash of ${name}`);
  if (key === undefined) throw new Error(`there is no key ${name}`);
  return { name, key };
}

function groupOf(snapshot: Snapshot, name: string): ModelGroup {
  return snapshot.models.get(name) ?? ({ name, limits: NO_LIMITS, deployments: [] } as unknown as ModelGroup);
}

function reserved(answer: Reservation | Refusal): Reservation {
  if (answer.kind === "refused") throw new Error(`refused by the ${answer.scope} ${answer.name}`);
  return answer;
}

function refused(answer: Reservation | Refusal): Refusal {
  if (answer.kind === "reserved") throw new Error("expected a refusal");
  return answer;
}

const EVERYTHING: Described = {
  gateway: { rpm: 100 },
  keys: { shop: { rpm: 10, tpm: 1_000, team: "marketing" }, free: {} },
  teams: { marketing: { tpm: 5_000 } },
  models: { "gpt-4o": { rpm: 50, deployments: { "gpt-4o/openai": { tpm: 2_000 }, "gpt-4o/azure": {} } }, mini: {} },
};

describe("the scopes of a request", () => {
  test("are those that limit it: the gateway's, its key's, its team's and its model's", () => {
    const { limiter, snapshot } = setUp(EVERYTHING);
    const names = (caller: Caller, model: string): readonly string[] =>
      limiter.callerScopes(snapshot, caller, groupOf(snapshot, model)).map(({ scope, name }) => `${scope} ${name}`);
    expect(names(callerOf(snapshot, "shop"), "gpt-4o")).toEqual([
      "gateway ",
      "key shop",
      "team marketing",
      "model gpt-4o",
    ]);
    expect(names(callerOf(snapshot, "shop"), "mini")).toEqual(["gateway ", "key shop", "team marketing"]);
    expect(names(callerOf(snapshot, "free"), "gpt-4o")).toEqual(["gateway ", "model gpt-4o"]);
    expect(names(ANONYMOUS, "mini")).toEqual(["gateway "]);
  });

  test("are the same array for the same key and model, and an empty one where nothing is limited", () => {
    const { limiter, snapshot } = setUp(EVERYTHING);
    const shop = callerOf(snapshot, "shop");
    const ask = (): readonly RateScope[] => limiter.callerScopes(snapshot, shop, groupOf(snapshot, "gpt-4o"));
    expect(ask()).toBe(ask());
    const free = setUp({ keys: { shop: {} }, models: { "gpt-4o": {} } });
    const nothing = free.limiter.callerScopes(free.snapshot, callerOf(free.snapshot, "shop"), groupOf(snapshot, "x"));
    expect(nothing).toEqual([]);
    expect(nothing).toBe(free.limiter.callerScopes(free.snapshot, ANONYMOUS, groupOf(free.snapshot, "gpt-4o")));
    expect(free.limiter.reserve(nothing, 1_000_000, 0)).toBe(NOTHING_RESERVED);
    NOTHING_RESERVED.settle(0, 0);
    NOTHING_RESERVED.settle(null, 0);
    expect(free.ledger.acquired).toBe(0);
    expect(free.ledger.doubleSettled).toBe(0);
  });

  test("stay right beyond what is cached of them", () => {
    const models = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`model-${at}`, { rpm: 5 }]));
    const keys = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`key-${at}`, { rpm: 5 }]));
    const { limiter, snapshot } = setUp({ models, keys });
    for (const key of Object.keys(keys)) {
      for (const model of Object.keys(models)) {
        const scopes = limiter.callerScopes(snapshot, callerOf(snapshot, key), groupOf(snapshot, model));
        if (scopes.length !== 2 || scopes[0]?.name !== key || scopes[1]?.name !== model) {
          throw new Error(`expected the scopes of ${key} and ${model}, got ${scopes.map(({ name }) => name).join()}`);
        }
      }
    }
  });

  test("of a deployment are its own, null where it has none", () => {
    const { limiter } = setUp(EVERYTHING);
    const scope = limiter.deploymentScope({ id: "gpt-4o/openai" } as Deployment);
    expect(scope?.usedShare(0)).toBe(0);
    expect(scope?.boundsTokens).toBe(true);
    reserved(limiter.reserve(scope?.alone ?? [], 500, 0));
    expect(scope?.usedShare(0)).toBe(0.25);
    expect(scope?.untilMs(1_500, 0)).toBe(0);
    expect(scope?.untilMs(1_501, 0)).toBe(30);
    expect(limiter.deploymentScope({ id: "gpt-4o/azure" } as Deployment)).toBeNull();
  });
});

describe("a reservation", () => {
  test("takes from every scope, and from none where one cannot give", () => {
    const { limiter, snapshot, ledger } = setUp({
      gateway: { rpm: 100, tpm: 10_000 },
      keys: { shop: { rpm: 2, tpm: 5_000 } },
    });
    const scopes = limiter.callerScopes(snapshot, callerOf(snapshot, "shop"), groupOf(snapshot, "mini"));
    reserved(limiter.reserve(scopes, 1_000, 0));
    reserved(limiter.reserve(scopes, 1_000, 0));
    expect(scopes.map(({ requests }) => requests?.remaining(0))).toEqual([98, 0]);
    expect(scopes.map(({ tokens }) => tokens?.remaining(0))).toEqual([8_000, 3_000]);
    expect(refused(limiter.reserve(scopes, 1_000, 0))).toEqual({
      kind: "refused",
      scope: "key",
      name: "shop",
      limit: "requests",
      perMinute: 2,
      retryAfterMs: 30_000,
    });
    expect(scopes.map(({ requests }) => requests?.remaining(0))).toEqual([98, 0]);
    expect(scopes.map(({ tokens }) => tokens?.remaining(0))).toEqual([8_000, 3_000]);
    expect(ledger.held).toBe(2);
  });

  test("names the limit with the longest wait of those it hit", () => {
    const { limiter, snapshot } = setUp({ gateway: { rpm: 1 }, keys: { shop: { tpm: 100 } } });
    const scopes = limiter.callerScopes(snapshot, callerOf(snapshot, "shop"), groupOf(snapshot, "mini"));
    reserved(limiter.reserve(scopes, 90, 0)).settle(150, 0);
    const refusal = refused(limiter.reserve(scopes, 100, 0));
    expect(refusal).toMatchObject({
      scope: "key",
      name: "shop",
      limit: "tokens",
      perMinute: 100,
      retryAfterMs: 90_000,
    });
    expect(refused(limiter.reserve(scopes, 1, 0))).toMatchObject({ scope: "gateway", name: "", limit: "requests" });
  });

  test("gives back what was reserved too much, and owes what was too little", () => {
    const { limiter, snapshot, ledger } = setUp({ gateway: { rpm: 10, tpm: 1_000 } });
    const scopes = limiter.callerScopes(snapshot, ANONYMOUS, groupOf(snapshot, "mini"));
    const [scope] = scopes;
    reserved(limiter.reserve(scopes, 600, 0)).settle(100, 0);
    expect(scope?.tokens?.remaining(0)).toBe(900);
    reserved(limiter.reserve(scopes, 900, 0)).settle(1_500, 0);
    expect(scope?.tokens?.remaining(0)).toBe(0);
    expect(scope?.tokens?.usedShare(0)).toBe(1.6);
    expect(scope?.requests?.remaining(0)).toBe(8);
    expect(ledger.held).toBe(0);
  });

  test("stands where nothing is known of what was used, and where it is no number", () => {
    for (const told of [null, Number.NaN, -5, Number.POSITIVE_INFINITY]) {
      const { limiter, snapshot, ledger } = setUp({ gateway: { tpm: 1_000 } });
      const scopes = limiter.callerScopes(snapshot, ANONYMOUS, groupOf(snapshot, "mini"));
      reserved(limiter.reserve(scopes, 600, 0)).settle(told, 0);
      expect(scopes[0]?.tokens?.remaining(0)).toBe(400);
      expect(ledger.held).toBe(0);
    }
  });

  test("that was never sent gives everything back, the request too", () => {
    const { limiter, snapshot } = setUp({ gateway: { rpm: 10, tpm: 1_000 } });
    const scopes = limiter.callerScopes(snapshot, ANONYMOUS, groupOf(snapshot, "mini"));
    reserved(limiter.reserve(scopes, 600, 0)).settle(0, 0);
    expect(scopes[0]?.tokens?.remaining(0)).toBe(1_000);
    expect(scopes[0]?.requests?.remaining(0)).toBe(10);
  });

  test("that was sent in vain gives its tokens back, not the request", () => {
    const { limiter, snapshot, ledger } = setUp({ gateway: { rpm: 10, tpm: 1_000 } });
    const scopes = limiter.callerScopes(snapshot, ANONYMOUS, groupOf(snapshot, "mini"));
    reserved(limiter.reserve(scopes, 600, 0)).settleUnserved(0);
    expect(scopes[0]?.tokens?.remaining(0)).toBe(1_000);
    expect(scopes[0]?.requests?.remaining(0)).toBe(9);
    expect(ledger.held).toBe(0);
  });

  test("settled twice is a defect that is counted and changes nothing", () => {
    const { limiter, snapshot, ledger, defects } = setUp({ gateway: { rpm: 10, tpm: 1_000 } });
    const scopes = limiter.callerScopes(snapshot, ANONYMOUS, groupOf(snapshot, "mini"));
    const reservation = reserved(limiter.reserve(scopes, 600, 0));
    reservation.settle(500, 0);
    reservation.settle(0, 0);
    reservation.settleUnserved(0);
    expect(scopes[0]?.tokens?.remaining(0)).toBe(500);
    expect(scopes[0]?.requests?.remaining(0)).toBe(9);
    expect(ledger.doubleSettled).toBe(2);
    expect(ledger.held).toBe(0);
    expect(defects).toHaveLength(2);
  });

  test("larger than a limit counts as the whole of it, and what was really used is owed", () => {
    const { limiter, snapshot } = setUp({ gateway: { tpm: 10_000 }, keys: { shop: { tpm: 1_000 } } });
    const scopes = limiter.callerScopes(snapshot, callerOf(snapshot, "shop"), groupOf(snapshot, "mini"));
    const reservation = reserved(limiter.reserve(scopes, 4_000, 0));
    expect(scopes.map(({ tokens }) => tokens?.remaining(0))).toEqual([6_000, 0]);
    expect(scopes.map(({ tokens }) => tokens?.usedShare(0))).toEqual([0.4, 1]);
    reservation.settle(3_000, 0);
    expect(scopes.map(({ tokens }) => tokens?.usedShare(0).toFixed(6))).toEqual(["0.300000", "3.000000"]);
    for (const tokens of [Number.POSITIVE_INFINITY, Number.NaN, -1]) {
      const hostile = setUp({ gateway: { tpm: 10_000 } });
      const all = hostile.limiter.callerScopes(hostile.snapshot, ANONYMOUS, groupOf(snapshot, "mini"));
      reserved(hostile.limiter.reserve(all, tokens, 0)).settle(10, 0);
      expect(all[0]?.tokens?.remaining(0)).toBe(9_990);
    }
  });
});

describe("a reload", () => {
  test("keeps what was used, and a changed limit takes effect at once", () => {
    const { limiter, snapshot } = setUp({ gateway: { rpm: 10 } });
    const before = limiter.callerScopes(snapshot, ANONYMOUS, groupOf(snapshot, "mini"));
    for (let count = 0; count < 10; count++) reserved(limiter.reserve(before, 0, 0));
    const next = describeSnapshot({ gateway: { rpm: 12 } });
    limiter.reconfigure(next, 0);
    const after = limiter.callerScopes(next, ANONYMOUS, groupOf(next, "mini"));
    reserved(limiter.reserve(after, 0, 0));
    reserved(limiter.reserve(after, 0, 0));
    expect(refused(limiter.reserve(after, 0, 0)).perMinute).toBe(12);
  });

  test("settles what was reserved before where it was taken, though the limit came or went meanwhile", () => {
    const { limiter, snapshot, ledger } = setUp({ gateway: { rpm: 10, tpm: 1_000 } });
    const scopesOf = (of: Snapshot): readonly RateScope[] => limiter.callerScopes(of, ANONYMOUS, groupOf(of, "mini"));
    const held = reserved(limiter.reserve(scopesOf(snapshot), 600, 0));
    const without = describeSnapshot({ gateway: { rpm: 10 } });
    limiter.reconfigure(without, 0);
    const between = reserved(limiter.reserve(scopesOf(without), 600, 0));
    const again = describeSnapshot({ gateway: { rpm: 10, tpm: 1_000 } });
    limiter.reconfigure(again, 0);
    held.settle(1_000, 0);
    between.settle(1_000, 0);
    const [scope] = scopesOf(again);
    expect(scope?.tokens?.remaining(0)).toBe(1_000);
    expect(scope?.requests?.remaining(0)).toBe(8);
    expect(ledger.held).toBe(0);
  });

  test("drops what is no longer limited, also for requests that began before", () => {
    const { limiter, snapshot } = setUp({ gateway: { rpm: 10 }, keys: { shop: { rpm: 5 } } });
    const shop = callerOf(snapshot, "shop");
    const next = describeSnapshot({ keys: { other: { rpm: 5 } } });
    limiter.reconfigure(next, 0);
    expect(limiter.callerScopes(snapshot, shop, groupOf(snapshot, "mini"))).toEqual([]);
    expect(limiter.callerScopes(next, callerOf(next, "other"), groupOf(next, "mini"))).toHaveLength(1);
    limiter.reconfigure(describeSnapshot({ gateway: { rpm: 10 }, models: { "gpt-4o": { rpm: 5 } } }), 0);
    const still = limiter.callerScopes(snapshot, shop, groupOf(snapshot, "gpt-4o"));
    expect(still.map(({ scope }) => scope)).toEqual(["gateway", "model"]);
  });
});

describe("any sequence of requests, ends, reloads and time", () => {
  const NAMES = ["shop", "free"] as const;
  const MODELS = ["gpt-4o", "mini"] as const;
  const someTokens = fc.oneof(fc.nat(50), fc.nat(3_000));
  const someLimits: fc.Arbitrary<Limits> = fc.record({
    rpm: fc.constantFrom(null, 1, 3, 40),
    tpm: fc.constantFrom(null, 100, 2_000),
  });
  const someConfig: fc.Arbitrary<Described> = fc
    .tuple(someLimits, someLimits, someLimits, someLimits, fc.boolean())
    .map(([gateway, key, team, model, hasTeam]) => ({
      gateway,
      keys: { shop: hasTeam ? { ...key, team: "marketing" } : key, free: {} },
      teams: { marketing: team },
      models: { "gpt-4o": model, mini: {} },
    }));
  const someStep = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("reserve" as const),
        key: fc.constantFrom(...NAMES),
        model: fc.constantFrom(...MODELS),
        tokens: someTokens,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("settle" as const),
        which: fc.nat(20),
        actual: fc.option(someTokens, { nil: null }),
        isUnserved: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(90_000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("reload" as const), config: someConfig }) },
  );

  test("keeps every bucket within its limit, takes all or nothing, settles once, and tells true waits", () => {
    fc.assert(
      fc.property(someConfig, fc.array(someStep, { maxLength: 60 }), (config, steps) => {
        const { limiter, ledger, snapshot: first } = setUp(config);
        let snapshot = first;
        let nowMs = 0;
        const open: Reservation[] = [];
        const scopesOf = (key: string, model: string): readonly RateScope[] =>
          limiter.callerScopes(snapshot, callerOf(snapshot, key), groupOf(snapshot, model));
        const look = (scopes: readonly RateScope[]): readonly number[] =>
          scopes.flatMap(({ requests, tokens }) => [requests?.usedShare(nowMs) ?? 0, tokens?.usedShare(nowMs) ?? 0]);
        for (const step of steps) {
          switch (step.kind) {
            case "wait":
              nowMs += step.ms;
              break;
            case "reload":
              snapshot = describeSnapshot(step.config);
              limiter.reconfigure(snapshot, nowMs);
              break;
            case "settle": {
              const [reservation] = open.splice(step.which, 1);
              if (step.isUnserved) reservation?.settleUnserved(nowMs);
              else reservation?.settle(step.actual, nowMs);
              break;
            }
            case "reserve": {
              const scopes = scopesOf(step.key, step.model);
              const before = look(scopes);
              const answer = limiter.reserve(scopes, step.tokens, nowMs);
              if (answer.kind === "refused") {
                expect(look(scopes)).toEqual([...before]);
                const { scope, limit, retryAfterMs } = answer;
                expect(scopes.find((one) => one.scope === scope)?.[limit]?.perMinute).toBe(answer.perMinute);
                nowMs += retryAfterMs - 1;
                if (retryAfterMs > 1) expect(limiter.reserve(scopes, step.tokens, nowMs - 0.01).kind).toBe("refused");
                nowMs += 1;
                open.push(reserved(limiter.reserve(scopes, step.tokens, nowMs)));
              } else if (answer !== NOTHING_RESERVED) open.push(answer);
              break;
            }
            default:
              step satisfies never;
          }
          for (const key of NAMES) {
            for (const model of MODELS) {
              for (const share of look(scopesOf(key, model))) expect(share).toBeGreaterThanOrEqual(0);
            }
          }
          expect(ledger.held).toBe(open.length);
        }
        for (const reservation of open) reservation.settle(null, nowMs);
        expect(ledger.held).toBe(0);
        expect(ledger.doubleSettled).toBe(0);
      }),
      RUNS,
    );
  });

  test("without a reload charges at most twice the limit of any 60 s net of refunds, beyond what was underestimated", () => {
    const someRequest = fc.record({
      waitMs: fc.nat(20_000),
      estimate: fc.integer({ min: 1, max: 800 }),
      actual: fc.integer({ min: 1, max: 800 }),
      lastsMs: fc.nat(90_000),
    });
    fc.assert(
      fc.property(fc.array(someRequest, { maxLength: 60 }), (requests) => {
        const tpm = 1_000;
        const { limiter, snapshot } = setUp({ gateway: { tpm } });
        const scopes = limiter.callerScopes(snapshot, ANONYMOUS, groupOf(snapshot, "mini"));
        const charges: { readonly atMs: number; readonly tokens: number }[] = [];
        const open: { readonly atMs: number; readonly run: () => void }[] = [];
        let overshoot = 0;
        let nowMs = 0;
        const advance = (toMs: number): void => {
          open.sort((one, other) => one.atMs - other.atMs);
          for (let [next] = open; next !== undefined && next.atMs <= toMs; [next] = open) {
            open.shift();
            next.run();
          }
        };
        for (const { waitMs, estimate, actual, lastsMs } of requests) {
          nowMs += waitMs;
          advance(nowMs);
          const answer = limiter.reserve(scopes, estimate, nowMs);
          if (answer.kind === "refused") continue;
          charges.push({ atMs: nowMs, tokens: estimate });
          const atMs = nowMs + lastsMs;
          open.push({
            atMs,
            run: () => {
              answer.settle(actual, atMs);
              charges.push({ atMs, tokens: actual - estimate });
              overshoot += Math.max(0, actual - estimate);
            },
          });
        }
        advance(Number.POSITIVE_INFINITY);
        for (const { atMs: fromMs } of charges) {
          const window = charges.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + 60_000);
          const charged = window.reduce((sum, { tokens }) => sum + tokens, 0);
          expect(charged).toBeLessThanOrEqual(2 * tpm + overshoot + 1e-3);
        }
      }),
      RUNS,
    );
  });
});
