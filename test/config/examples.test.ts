import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { loadSnapshot } from "../../src/config/load.ts";
import { PROVIDERS } from "../../src/provider/registry.gen.ts";
import { compileExpression } from "../../src/route/expression.ts";
import { problemsIn } from "./fixtures.ts";

const ROUTING = join(import.meta.dir, "../../deploy/examples/config/routing/llmux.yaml");
const ENV = {
  OPENAI_API_KEY: "sk-example-1",
  OPENAI_API_KEY_2: "sk-example-2",
  AZURE_API_KEY: "example",
  ANTHROPIC_API_KEY: "sk-ant-example",
  SHOP_KEY_SHA256: "a".repeat(64),
  OPERATOR_KEY_SHA256: "b".repeat(64),
};
const load = (path: string, env: Readonly<Record<string, string>> = ENV) =>
  loadSnapshot({ path, definitions: PROVIDERS, env, compileExpression, generation: 1, now: () => 0 });

describe("the example of routing", () => {
  test("is a config without a word of warning", async () => {
    const snapshot = await load(ROUTING);
    expect(snapshot.warnings).toEqual([]);
    expect([...snapshot.models.keys()]).toEqual(["gpt-4o", "claude", "chat", "local/*"]);
    expect([...snapshot.keys.values()].map(({ name, team }) => [name, team])).toEqual([
      ["shop", "marketing"],
      ["operator", null],
    ]);
  });

  test("has a rule that is evaluated: long prompts, and those of one team, go to the big model", async () => {
    const [conditional] = (await load(ROUTING)).models.get("chat")?.policy.strategy ?? [];
    if (conditional?.name !== "conditional") throw new Error("expected rules");
    const holds = (facts: object): boolean | undefined =>
      conditional.rules[0]?.test({ inputTokens: 10, team: null, ...facts });
    expect([holds({}), holds({ inputTokens: 8_001 }), holds({ team: "marketing" }), holds({ team: "other" })]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test("ships no hash of a key: both must be given", async () => {
    const { SHOP_KEY_SHA256: _, OPERATOR_KEY_SHA256: __, ...env } = ENV;
    expect((await problemsIn(() => load(ROUTING, env))).map((line) => line.replace(/^.*: keys/, "keys"))).toEqual([
      "keys[0].sha256: expected the environment variable SHOP_KEY_SHA256 to be set",
      "keys[1].sha256: expected the environment variable OPERATOR_KEY_SHA256 to be set",
    ]);
  });
});

test("a mistake in a rule is told with its place and what the language says", async () => {
  const name = "rules.yaml";
  const text =
    "models: { m: { deployments: [{ provider: demo, model: m }], strategy: { name: conditional, rules: [{ when: tokens > , use: { models: [m] } }] } } }";
  const problems = await problemsIn(() =>
    loadSnapshot({
      path: null,
      inline: [{ name, text: `${text}\nproviders: { demo: {} }\n` }],
      definitions: PROVIDERS,
      env: {},
      compileExpression,
      generation: 1,
      now: () => 0,
    }),
  );
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(
    /^rules\.yaml:1:\d+: models\.m\.strategy\.rules\[0\]\.when: .+, (in|at character \d+ of) "tokens >"$/,
  );
});
