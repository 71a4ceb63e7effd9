import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { parse } from "yaml";
import { createJsonSchema } from "../../src/config/json-schema.ts";
import { DESIGN_EXAMPLE, loadText, TEST_HASH } from "./fixtures.ts";
import { findMisfits } from "./json-schema-checker.ts";

const SCHEMA = createJsonSchema();
const ROUTING_EXAMPLE = join(import.meta.dir, "../../deploy/examples/config/routing/llmux.yaml");
/** A model with what is written beside its deployments. */
const model = (text: string): string =>
  `providers: { demo: {} }\nmodels: { m: { deployments: [{ provider: demo, model: m }], ${text} } }`;
const deployment = (text: string): string =>
  `providers: { demo: {} }\nmodels: { m: { deployments: [{ provider: demo, model: m, ${text} }] } }`;
const misfitsOf = (text: string): readonly string[] => findMisfits(SCHEMA, parse(text));

describe("the JSON Schema", () => {
  test("is of draft 2020-12 and is JSON", () => {
    expect(SCHEMA["$schema"]).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(JSON.parse(JSON.stringify(SCHEMA))).toEqual(SCHEMA);
  });

  test("takes the design's example", () => {
    expect(misfitsOf(DESIGN_EXAMPLE)).toEqual([]);
  });

  test("takes the example of routing, and finds a mistake in it", async () => {
    const text = await Bun.file(ROUTING_EXAMPLE).text();
    expect(misfitsOf(text)).toEqual([]);
    expect(misfitsOf(text.replace("lowest-latency", "lowest-latncy"))).not.toEqual([]);
  });

  test("describes every key and gives every default", () => {
    const seen: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      const { properties } = value as { readonly properties?: Readonly<Record<string, { description?: string }>> };
      for (const [key, property] of Object.entries(properties ?? {})) {
        if (typeof property.description !== "string") seen.push(`${path}.${key}`);
      }
      for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`);
    };
    visit(SCHEMA, "");
    expect(seen).toEqual([]);
    expect(JSON.stringify(SCHEMA)).toContain('"default":"64KiB"');
  });

  test("says which keys have no effect", () => {
    expect(JSON.stringify(SCHEMA)).toContain("What becomes of a request whose caller left. No effect in this version.");
  });

  /** What it refuses is what loading refuses. */
  test.each([
    ["an unknown section", "provider: {}"],
    ["an unknown key", "log: { levle: info }"],
    ["an unknown key in an entry", "providers: { demo: { apikey: x } }"],
    [
      "an unknown key in a list",
      "providers: { demo: {} }\nmodels: { m: { deployments: [{ provider: demo, model: m, modle: m }] } }",
    ],
    ["a missing key", "providers: { demo: {} }\nmodels: { m: {} }"],
    ["an empty list", "providers: { demo: {} }\nmodels: { m: { deployments: [] } }"],
    ["a duration without a unit", "pool: { idle_timeout: 5 }"],
    ["a size of another unit", "limits: { max_head_bytes: 5kb }"],
    [
      "a percentage as a number",
      "providers: { demo: {} }\nmodels: { m: { deployments: [{ provider: demo, model: m }], hedge: { after: 1s, max_extra: 5 } } }",
    ],
    ["an integer below its bound", "limits: { max_concurrent: 0 }"],
    ["a text for an integer", "limits: { max_concurrent: many }"],
    ["a text for a boolean", "stream_usage: 'yes'"],
    ["a word that is not in the list", "log: { level: loud }"],
    ["a mode that is a number", "listen: { unix: { mode: 0660 } }"],
    ["a map where a text or a file belongs", "providers: { openai: { api_key: { fil: x } } }"],
    ["a provider's name with a slash", "providers: { a/b: { provider: demo } }"],
    [
      "a model's name with two stars",
      "providers: { demo: {} }\nmodels: { 'a**': { deployments: [{ provider: demo, model: m }] } }",
    ],
    ["a list where a map belongs", "limits: []"],
    ["null where it means nothing", "log: { level: null }"],
    ["an unknown strategy", model("strategy: fastest")],
    ["an option of another strategy", model("strategy: { name: lowest-latency, by: rpm }")],
    ["a strategy without its options", model("strategy: affinity")],
    ["an unknown strategy in a list", model("strategy: [tags, fastest]")],
    ["a list of no strategies", model("strategy: []")],
    ["a strategy without a name", model("strategy: { buffer: 10% }")],
    ["a rule without an expression", model("strategy: { name: conditional, rules: [{ use: { tags: [eu] } }] }")],
    ["a wait that is neither a duration nor p95", model("hedge: { after: p99 }")],
    ["a class of failure that is not tried again", model("retry: { bad_request: 1 }")],
    ["more retries than there may be", model("retries: 11")],
    ["a limit of 0", model("rpm: 0")],
    ["half a limit", model("rpm: 1.5")],
    ["a resume that is none", model("resume: 'on'")],
    ["a price below 0", deployment("price: { input: -1, output: 1 }")],
    ["half a price", deployment("price: { input: 1 }")],
    ["a price as a text", deployment("price: { input: cheap, output: 1 }")],
    ["a budget without a window", deployment("budget: { usd: 1 }")],
    ["a weight below 0", deployment("weight: -1")],
    ["a class of priority that is none", `keys: [{ name: a, sha256: ${TEST_HASH}, priority: urgent }]`],
    ["no key at all", "keys: []"],
    ["nothing under keys", "keys: null"],
    ["a key that is no hash", "keys: [{ name: a, sha256: sk-example }]"],
    ["a key without a name", `keys: [{ sha256: ${TEST_HASH} }]`],
    ["an unknown key in a team", "teams: { a: { rpn: 1 } }"],
    ["a share as a number", "limits: { reserved: { high: 0.1 } }"],
    ["a strategy of the defaults that is none", "defaults: { strategy: 3 }"],
  ])("refuses what loading refuses: %s", async (_name, text) => {
    expect(misfitsOf(text).length).toBeGreaterThan(0);
    await expect(loadText(text)).rejects.toThrow();
  });

  test.each([
    ["null for a section", "log: null\nproviders: { demo: null }"],
    ["null for a listener", "listen: { unix: null, ops: null }"],
    ["null for a queue", "limits: { queue: null }"],
    ["a variable for a number", "limits:\n  max_concurrent: ${N}"],
    ["a size as a number", "limits: { max_head_bytes: 4096 }"],
    ["no proxy", "providers: { demo: { proxy: null } }"],
    ["the name of a strategy", model("strategy: least-busy")],
    ["a strategy with options", model("strategy: { name: lowest-latency, buffer: 5% }")],
    ["strategies that nest", model("strategy: [{ name: affinity, by: 'header:x-a' }, priority, { name: least-busy }]")],
    ["rules", model("strategy: { name: conditional, rules: [{ when: 'true', use: { models: [m] } }] }")],
    ["null for what the defaults say", model("hedge: null, slow_answer: null, health_check: null")],
    ["p95", model("hedge: { after: p95 }")],
    ["off as YAML 1.2 has it", model("resume: off")],
    ["an amount with decimals", deployment("price: { input: 0.15, output: 1 }, budget: { usd: 0.5, per: 1h }")],
    ["a team with nothing in it", "teams: { a: null }"],
    ["no shedding", "limits: { shedding: { memory: null, loop_delay: null } }"],
    [
      "a variable for an amount",
      "providers: { demo: {} }\nmodels:\n  m:\n    deployments:\n      - provider: demo\n        model: m\n        price:\n          input: ${N}\n          output: ${N}",
    ],
  ])("takes what loading takes: %s", async (_name, text) => {
    expect(misfitsOf(text)).toEqual([]);
    await loadText(text, { env: { N: "4" } });
  });
});
