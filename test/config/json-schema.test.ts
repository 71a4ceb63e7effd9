import { describe, expect, test } from "bun:test";
import { parse } from "yaml";
import { createJsonSchema } from "../../src/config/json-schema.ts";
import { DESIGN_EXAMPLE, loadText } from "./fixtures.ts";
import { findMisfits } from "./json-schema-checker.ts";

const SCHEMA = createJsonSchema();
const misfitsOf = (text: string): readonly string[] => findMisfits(SCHEMA, parse(text));

describe("the JSON Schema", () => {
  test("is of draft 2020-12 and is JSON", () => {
    expect(SCHEMA["$schema"]).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(JSON.parse(JSON.stringify(SCHEMA))).toEqual(SCHEMA);
  });

  test("takes the design's example", () => {
    expect(misfitsOf(DESIGN_EXAMPLE)).toEqual([]);
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
    expect(seen.filter((path) => !/\.keys\./.test(path))).toEqual([]);
    expect(JSON.stringify(SCHEMA)).toContain('"default":"64KiB"');
  });

  test("says which keys have no effect", () => {
    expect(JSON.stringify(SCHEMA)).toContain("A second attempt beside a slow one. No effect in this version.");
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
  ])("takes what loading takes: %s", async (_name, text) => {
    expect(misfitsOf(text)).toEqual([]);
    await loadText(text, { env: { N: "4" } });
  });
});
