import { expect, test } from "bun:test";
import { checkConfig, summarize } from "../../src/config/describe.ts";
import { formatPath } from "../../src/config/problem.ts";
import { DESIGN_EXAMPLE, DESIGN_SURROUNDINGS, loadText, optionsFor } from "./fixtures.ts";

test("a config that can be used is counted", async () => {
  const text =
    "providers: { demo: {}, two: { provider: demo } }\nmodels: { m: { deployments: [{ provider: demo, model: m }] } }\n";
  expect(await checkConfig(optionsFor("c.yaml", { files: { "c.yaml": text } }))).toEqual({
    isValid: true,
    text: "ok: 2 providers, 1 model, 0 warnings",
  });
});

test("warnings follow, one line each, and no secret", async () => {
  const lines = summarize(await loadText(DESIGN_EXAMPLE, DESIGN_SURROUNDINGS)).split("\n");
  expect(lines.slice(0, 2)).toEqual([
    "ok: 4 providers, 3 models, 1 warning",
    "warning: defaults.on_disconnect has no effect in this version.",
  ]);
  expect(lines.join("\n")).not.toMatch(/sk-openai|az-key|sk-ant/);
});

test("a config that cannot be used is answered with its problems", async () => {
  const files = { "c.yaml": "log: { level: loud }\npool: { max_idle: -1 }\n" };
  expect(await checkConfig(optionsFor("c.yaml", { files }))).toEqual({
    isValid: false,
    text: `c.yaml:1:15: log.level: expected one of debug, info, warn, error, got "loud"
c.yaml:2:19: pool.max_idle: expected an integer between 0 and 100000, got -1`,
  });
});

test("a failure that is not the config's goes on", async () => {
  const options = {
    ...optionsFor("c.yaml", { files: { "c.yaml": "log: {}\n" } }),
    now: () => {
      throw new TypeError("a bug");
    },
  };
  await expect(checkConfig(options)).rejects.toThrow("a bug");
});

test("a path is written as people write it", () => {
  expect(formatPath(["models", "gpt-4o", "deployments", 0, "model"])).toBe("models.gpt-4o.deployments[0].model");
  expect(formatPath(["models", "gpt-4.1/*"])).toBe('models["gpt-4.1/*"]');
  expect(formatPath([])).toBe("");
});
