import { describe, expect, test } from "bun:test";
import { NO_LIMITS } from "../../src/policy.ts";
import { loadText, TEST_HASH } from "./fixtures.ts";

const OTHER_HASH = "A".repeat(64);

describe("keys", () => {
  test("are found by their hash in lower case, with every setting", async () => {
    const { keys, warnings } = await loadText(`
providers: { demo: {} }
keys:
  - { name: shop, sha256: ${TEST_HASH}, models: ["demo/*"], rpm: 1, tpm: 2, max_concurrent: 3, max_in_flight_tokens: 4, team: t, tags: [eu], priority: high, debug: true }
  - { name: other, sha256: ${OTHER_HASH} }
`);
    expect(warnings).toEqual([]);
    expect([...keys.keys()]).toEqual([TEST_HASH, "a".repeat(64)]);
    expect(keys.get(TEST_HASH)).toEqual({
      name: "shop",
      sha256: TEST_HASH,
      models: ["demo/*"],
      limits: { rpm: 1, tpm: 2, maxConcurrent: 3, maxInFlightTokens: 4 },
      tags: ["eu"],
      team: "t",
      maxPriority: "high",
      mayDebug: true,
    });
    expect(keys.get("a".repeat(64))).toEqual({
      name: "other",
      sha256: "a".repeat(64),
      models: null,
      limits: NO_LIMITS,
      tags: [],
      team: null,
      maxPriority: "normal",
      mayDebug: false,
    });
  });

  test("are none where the section is left out: callers are anonymous", async () => {
    const { keys, teams } = await loadText("providers: { demo: {} }\n");
    expect([keys.size, teams.size]).toEqual([0, 0]);
  });

  test("take their hash from the environment", async () => {
    const text = 'providers: { demo: {} }\nkeys: [{ name: shop, sha256: "${HASH}" }]\n';
    expect([...(await loadText(text, { env: { HASH: TEST_HASH } })).keys.keys()]).toEqual([TEST_HASH]);
  });

  test("with a model that leads nowhere are warned about, not refused", async () => {
    const { warnings } = await loadText(`
providers: { demo: {} }
models: { "local/*": { deployments: [{ provider: demo, model: "*" }] } }
keys: [{ name: shop, sha256: ${TEST_HASH}, models: [local/x, demo/y, gpt-4o, "azure/*"] }]
`);
    expect(warnings).toEqual([
      'keys[0].models[2]: "gpt-4o" fits no model under models and no PROVIDER/MODEL.',
      'keys[0].models[3]: "azure/*" fits no model under models and no PROVIDER/MODEL.',
    ]);
  });
});

describe("teams", () => {
  test("have the limits of their section; one may be there without any", async () => {
    const { teams } = await loadText(`
providers: { demo: {} }
teams: { shop: { rpm: 1, tpm: 2, max_concurrent: 3, max_in_flight_tokens: 4 }, other: }
`);
    expect([...teams.values()]).toEqual([
      { name: "shop", limits: { rpm: 1, tpm: 2, maxConcurrent: 3, maxInFlightTokens: 4 } },
      { name: "other", limits: NO_LIMITS },
    ]);
  });

  test("that only keys name have no limits", async () => {
    const { teams } = await loadText(
      `providers: { demo: {} }\nkeys: [{ name: shop, sha256: ${TEST_HASH}, team: marketing }]\n`,
    );
    expect(teams.get("marketing")).toEqual({ name: "marketing", limits: NO_LIMITS });
  });
});
