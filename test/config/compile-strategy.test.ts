import { describe, expect, test } from "bun:test";
import { loadSnapshot } from "../../src/config/load.ts";
import { STRATEGY_NAMES } from "../../src/config/schema-strategies.ts";
import type { StrategySettings } from "../../src/policy.ts";
import { STRATEGY_NAMES as ROUTED_NAMES } from "../../src/route/strategies/make-strategy.ts";
import { loadText, optionsFor, problemsIn } from "./fixtures.ts";

const load = (
  strategy: string,
  deployments = "{ provider: demo, model: x }, { provider: demo, model: y }",
  rest = "",
) =>
  loadText(
    `providers: { demo: {}, other: { provider: demo } }\nmodels: { m: { strategy: ${strategy}, deployments: [${deployments}] } }\n${rest}`,
  );
const strategyOf = async (strategy: string, deployments?: string): Promise<readonly StrategySettings[] | undefined> =>
  (await load(strategy, deployments)).models.get("m")?.policy.strategy;
const SHUFFLE: StrategySettings = { name: "simple-shuffle", by: "weight" };

describe("a strategy", () => {
  test("may be any that routing has, and no other", () => {
    expect([...STRATEGY_NAMES].toSorted()).toEqual([...ROUTED_NAMES].toSorted());
  });

  test.each<[string, readonly StrategySettings[]]>([
    ["simple-shuffle", [SHUFFLE]],
    ["{ name: round-robin }", [{ name: "round-robin" }]],
    ["least-busy", [{ name: "least-busy" }]],
    ["lowest-latency", [{ name: "lowest-latency", buffer: 0.1 }]],
    ["{ name: lowest-latency }", [{ name: "lowest-latency", buffer: 0.1 }]],
    ["{ name: lowest-latency, buffer: 25% }", [{ name: "lowest-latency", buffer: 0.25 }]],
    ["lowest-cost", [{ name: "lowest-cost" }]],
    ["[lowest-usage]", [{ name: "lowest-usage" }]],
    [
      "[tags, priority, least-busy]",
      [{ name: "tags", default: [], match: "any" }, { name: "priority" }, { name: "least-busy" }],
    ],
    ["{ name: tags, default: [a, b], match: all }", [{ name: "tags", default: ["a", "b"], match: "all" }, SHUFFLE]],
    ["budget", [{ name: "budget" }, SHUFFLE]],
    ["{ name: affinity, by: user }", [{ name: "affinity", by: { kind: "user" } }, SHUFFLE]],
    [
      "{ name: affinity, by: prompt-prefix }",
      [{ name: "affinity", by: { kind: "prompt-prefix", bytes: 1_024 } }, SHUFFLE],
    ],
    [
      "[{ name: affinity, by: prompt-prefix, bytes: 99 }, priority]",
      [{ name: "affinity", by: { kind: "prompt-prefix", bytes: 99 } }, { name: "priority" }, SHUFFLE],
    ],
    [
      '[{ name: affinity, by: "header:X-Session-Id" }, round-robin]',
      [{ name: "affinity", by: { kind: "header", header: "x-session-id" } }, { name: "round-robin" }],
    ],
  ])("%s", async (text, settings) => {
    expect(await strategyOf(text)).toEqual(settings);
  });

  test.each<[string, string, string]>([
    [
      "a weight anywhere",
      "{ provider: demo, model: x, weight: 2, rpm: 1 }, { provider: demo, model: y, rpm: 1 }",
      "weight",
    ],
    [
      "rpm everywhere",
      "{ provider: demo, model: x, rpm: 1, tpm: 1 }, { provider: demo, model: y, rpm: 1, tpm: 1 }",
      "rpm",
    ],
    ["tpm everywhere", "{ provider: demo, model: x, rpm: 1, tpm: 1 }, { provider: demo, model: y, tpm: 1 }", "tpm"],
    ["nothing everywhere", "{ provider: demo, model: x, rpm: 1 }, { provider: demo, model: y, tpm: 1 }", "weight"],
  ])("simple-shuffle goes by what is there: %s", async (_name, deployments, by) => {
    expect(await strategyOf("tags", deployments)).toEqual([
      { name: "tags", default: [], match: "any" },
      { name: "simple-shuffle", by: by as "weight" },
    ]);
    expect(await strategyOf("{ name: simple-shuffle, by: weight }", deployments)).toEqual([SHUFFLE]);
  });

  test("of the defaults is settled for each model by itself", async () => {
    const { models, implicitGroups } = await loadText(`
providers: { demo: {} }
defaults: { strategy: priority }
models:
  a: { deployments: [{ provider: demo, model: x, rpm: 1 }] }
  b: { deployments: [{ provider: demo, model: x, tpm: 1 }] }
`);
    expect(models.get("a")?.policy.strategy[1]).toEqual({ name: "simple-shuffle", by: "rpm" });
    expect(models.get("b")?.policy.strategy[1]).toEqual({ name: "simple-shuffle", by: "tpm" });
    expect(implicitGroups.get("demo/*")?.policy.strategy[1]).toEqual(SHUFFLE);
  });
});

describe("rules", () => {
  const RULES = `{ name: conditional, rules: [
    { when: "true", use: { tags: [eu], providers: [demo], models: [x] } }, { when: "false", use: { models: [y] } }] }`;

  test("are compiled once, at load, and keep their text", async () => {
    const strategy = await strategyOf(RULES, "{ provider: demo, model: x, tags: [eu] }, { provider: demo, model: y }");
    const [conditional, last] = strategy ?? [];
    if (conditional?.name !== "conditional") throw new Error("expected rules");
    expect(conditional.rules.map(({ when, use }) => ({ when, use }))).toEqual([
      { when: "true", use: { tags: ["eu"], providers: ["demo"], models: ["x"] } },
      { when: "false", use: { tags: null, providers: null, models: ["y"] } },
    ]);
    expect(conditional.rules.map(({ test: holds }) => holds({}))).toEqual([true, false]);
    expect(last).toEqual(SHUFFLE);
  });

  test("of the defaults are compiled once for all models, and their mistakes told once", async () => {
    let compiled = 0;
    const text = (when: string): string =>
      `providers: { demo: {} }\nmodels: { a: { deployments: [{ provider: demo, model: x }] }, b: { deployments: [{ provider: demo, model: x }] } }\ndefaults: { strategy: { name: conditional, rules: [{ when: "${when}", use: { models: [x] } }] } }\n`;
    const options = (when: string) => ({
      ...optionsFor("config.yaml", { files: { "config.yaml": text(when) } }),
      compileExpression: (expression: string) => {
        compiled++;
        return expression === "ok" ? { test: () => true } : { problem: "expected ok", offset: 0 };
      },
    });
    await loadSnapshot(options("ok"));
    expect(compiled).toBe(1);
    expect(await problemsIn(() => loadSnapshot(options("no")))).toEqual([
      'config.yaml:3:60: defaults.strategy.rules[0].when: expected ok, at character 1 of "no"',
    ]);
  });

  test("are refused where nothing evaluates them", async () => {
    const files = { "config.yaml": `providers: { demo: {} }\ndefaults: { strategy: ${RULES} }\n` };
    const { compileExpression: _, ...options } = optionsFor("config.yaml", { files });
    expect(await problemsIn(() => loadSnapshot(options))).toEqual([
      "config.yaml:3:13: defaults.strategy.rules[0].when: expected no expression where nothing can evaluate one, got one",
      "config.yaml:3:84: defaults.strategy.rules[1].when: expected no expression where nothing can evaluate one, got one",
    ]);
  });

  test("from the environment are not shown", async () => {
    const files = {
      "config.yaml": `providers: { demo: {} }\ndefaults: { strategy: { name: conditional, rules: [{ when: "\${RULE}", use: { models: [x] } }] } }\n`,
    };
    const options = optionsFor("config.yaml", { files, env: { RULE: "hunter2" } });
    expect(await problemsIn(() => loadSnapshot(options))).toEqual([
      'config.yaml:2:60: defaults.strategy.rules[0].when: expected true or false, got something else, at character 3 of what "${RULE}" stands for',
    ]);
  });
});

describe("a strategy that cannot do what it is there for is warned about", () => {
  const TAGGED = "{ provider: demo, model: x, tags: [eu] }, { provider: demo, model: y }";
  test.each([
    ["{ name: tags, default: [eu, us, ch] }", TAGGED, "no deployment has the default tags us, ch."],
    ["{ name: tags, default: [us] }", TAGGED, "no deployment has the default tag us."],
    [
      "lowest-cost",
      "{ provider: demo, model: x, price: { input: 1, output: 1 } }, { provider: demo, model: y }",
      "lowest-cost tries deployments without a price last.",
    ],
    [
      "lowest-usage",
      "{ provider: demo, model: x, rpm: 1 }, { provider: demo, model: y }",
      "lowest-usage takes deployments without rpm and tpm for unused.",
    ],
    ["budget", TAGGED, "budget has no effect: no deployment and no provider has one."],
    ["priority", TAGGED, "priority has no effect: every deployment has the same one."],
    [
      '{ name: conditional, rules: [{ when: "true", use: { tags: [us] } }] }',
      TAGGED,
      'the rule "true" leads to no deployment: what it holds for is refused.',
    ],
    [
      '{ name: conditional, rules: [{ when: "true", use: { providers: [other] } }] }',
      TAGGED,
      'the rule "true" leads to no deployment: what it holds for is refused.',
    ],
  ])("%s", async (strategy, deployments, warning) => {
    expect((await load(strategy, deployments)).warnings).toEqual([`models.m.strategy: ${warning}`]);
  });

  test.each([
    ["{ name: tags, default: [eu] }", TAGGED],
    ["lowest-cost", "{ provider: demo, model: x, price: { input: 1, output: 1 } }"],
    ["lowest-usage", "{ provider: demo, model: x, rpm: 1 }, { provider: demo, model: y, tpm: 1 }"],
    ["priority", "{ provider: demo, model: x }, { provider: demo, model: y, priority: 1 }"],
    ['{ name: conditional, rules: [{ when: "true", use: { tags: [eu], models: [x] } }] }', TAGGED],
  ])("and one that can is not: %s", async (strategy, deployments) => {
    expect((await load(strategy, deployments)).warnings).toEqual([]);
  });

  test("of the defaults only where no model at all fits", async () => {
    const rest = "defaults: { strategy: { name: tags, default: [eu, us] } }\n";
    expect((await load("least-busy", TAGGED, rest)).warnings).toEqual([
      "defaults.strategy: no deployment has the default tag us.",
    ]);
  });
});
