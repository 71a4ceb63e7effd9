import { describe, expect, test } from "bun:test";
import { NO_LIMITS } from "../../src/policy.ts";
import { loadText } from "./fixtures.ts";

describe("a deployment", () => {
  test("takes every setting", async () => {
    const { models } = await loadText(`
providers: { demo: {} }
models:
  m:
    strategy: budget
    rpm: 10
    tpm: 20
    max_concurrent: 30
    max_in_flight_tokens: 40
    deployments:
      - { provider: demo, model: x, weight: 3, priority: 2, rpm: 1, tpm: 2, max_concurrent: 3, max_in_flight_tokens: 4, tags: [eu],
          price: { input: 2.5, output: 10 }, context_window: 128000, budget: { usd: 0.5, per: 720h } }
`);
    const group = models.get("m");
    expect(group?.limits).toEqual({ rpm: 10, tpm: 20, maxConcurrent: 30, maxInFlightTokens: 40 });
    expect(group?.deployments[0]).toMatchObject({
      id: "m|demo|x",
      group: "m",
      model: "x",
      weight: 3,
      tier: 2,
      limits: { rpm: 1, tpm: 2, maxConcurrent: 3, maxInFlightTokens: 4 },
      tags: ["eu"],
      price: { input: 2.5, output: 10 },
      contextWindow: 128_000,
      budget: { usd: 0.5, windowMs: 2_592_000_000 },
    });
  });

  test("is whole when the config says next to nothing", async () => {
    const { models } = await loadText(
      "providers: { demo: {} }\nmodels: { m: { deployments: [{ provider: demo, model: x }] } }\n",
    );
    expect(models.get("m")).toMatchObject({ name: "m", limits: NO_LIMITS });
    expect(models.get("m")?.deployments[0]).toMatchObject({
      weight: null,
      tier: 0,
      limits: NO_LIMITS,
      tags: [],
      price: null,
      contextWindow: null,
      budget: null,
      healthCheck: null,
    });
  });

  test("has an id that stays over changes of its settings, and one of its own among those that are alike", async () => {
    const idsOf = async (deployments: string) => {
      const text = `providers: { demo: {}, other: { provider: demo } }\nmodels: { "m/*": { deployments: [${deployments}] } }\n`;
      return (await loadText(text)).models.get("m/*")?.deployments.map(({ id }) => id);
    };
    expect(
      await idsOf('{ provider: demo, model: "*" }, { provider: other, model: "*" }, { provider: demo, model: x }'),
    ).toEqual(["m/*|demo|*", "m/*|other|*", "m/*|demo|x"]);
    expect(
      await idsOf("{ provider: demo, model: x, rpm: 1 }, { provider: demo, model: x }, { provider: demo, model: x }"),
    ).toEqual(["m/*|demo|x", "m/*|demo|x#2", "m/*|demo|x#3"]);
  });
});

test("every provider has a group of its own, for PROVIDER/MODEL", async () => {
  const { implicitGroups, providers, models } = await loadText(
    "providers: { demo: { timeouts: { idle: 9s } }, other: { provider: demo } }\ndefaults: { health_check: {} }\n",
  );
  expect(models.size).toBe(0);
  expect([...implicitGroups.keys()]).toEqual(["demo/*", "other/*"]);
  const group = implicitGroups.get("demo/*");
  expect(group).toMatchObject({ name: "demo/*", limits: NO_LIMITS });
  expect(group?.deployments).toHaveLength(1);
  expect(group?.deployments[0]).toMatchObject({
    id: "demo/*",
    group: "demo/*",
    model: "*",
    timeouts: { idleMs: 9_000 },
    weight: null,
    tier: 0,
    limits: NO_LIMITS,
    tags: [],
    price: null,
    contextWindow: null,
    budget: null,
    healthCheck: { intervalMs: 30_000, timeoutMs: 5_000 },
  });
  expect(group?.deployments[0]?.provider).toBe(
    providers.get("demo") as NonNullable<typeof group>["deployments"][0]["provider"],
  );
});

describe("a budget is warned about", () => {
  const warningsOf = async (provider: string, model: string): Promise<readonly string[]> => {
    const text = `providers: { demo: {${provider}} }\nmodels: { m: {${model}} }\n`;
    return (await loadText(text)).warnings;
  };
  const BUDGET = "budget: { usd: 1, per: 24h }";
  const PRICE = "price: { input: 1, output: 1 }";

  test("where the deployment has no price", async () => {
    expect(await warningsOf("", `strategy: budget, deployments: [{ provider: demo, model: x, ${BUDGET} }]`)).toEqual([
      "models.m.deployments[0].budget counts nothing: the deployment has no price.",
    ]);
  });

  test("where none of a provider's deployments has a price, or not all", async () => {
    expect(await warningsOf(BUDGET, "strategy: budget, deployments: [{ provider: demo, model: x }]")).toEqual([
      "providers.demo.budget counts nothing: no deployment of the provider has a price.",
    ]);
    expect(
      await warningsOf(
        BUDGET,
        `strategy: budget, deployments: [{ provider: demo, model: x, ${PRICE} }, { provider: demo, model: y }]`,
      ),
    ).toEqual(["providers.demo.budget does not count models.m.deployments[1], which has no price."]);
  });

  test("where no strategy holds it", async () => {
    expect(await warningsOf("", `deployments: [{ provider: demo, model: x, ${PRICE}, ${BUDGET} }]`)).toEqual([
      "models.m: the budget of its deployments or providers is only counted; the strategy budget leaves out what has spent it.",
    ]);
    expect(
      await warningsOf("", `strategy: budget, deployments: [{ provider: demo, model: x, ${PRICE}, ${BUDGET} }]`),
    ).toEqual([]);
  });
});
