import { describe, expect, test } from "bun:test";
import type { RoutePolicy } from "../../src/policy.ts";
import { loadText } from "./fixtures.ts";

const AROUND = "providers: { demo: {} }\n";
const DEPLOYMENTS = "deployments: [{ provider: demo, model: x }]";
const load = (model: string, rest = "") =>
  loadText(`${AROUND}models:\n  m: { ${DEPLOYMENTS}${model} }\n  b: { ${DEPLOYMENTS} }\n${rest}`);
const policyOf = async (model: string, rest = ""): Promise<RoutePolicy | undefined> =>
  (await load(model, rest)).models.get("m")?.policy;

const STANDARD: RoutePolicy = {
  strategy: [{ name: "simple-shuffle", by: "weight" }],
  retry: {
    max: 2,
    perClass: {
      connect: 2,
      timeout: 1,
      rate_limit: 2,
      server: 2,
      auth: 2,
      not_found: 1,
      context_window: 0,
      content_policy: 0,
      bad_request: 0,
    },
    backoff: { baseMs: 250, maxMs: 8_000 },
    maxRetryAfterMs: 10_000,
  },
  fallbacks: [],
  contextWindowFallbacks: [],
  contentPolicyFallbacks: [],
  hedge: null,
  slowAnswer: null,
  resume: "off",
  whenAllOut: "refuse",
};

const EVERYTHING = `strategy: [budget, round-robin], retries: 3,
    retry: { connect: 0, timeout: 2, rate_limit: 1, server: 2, auth: 1, not_found: 0, backoff: { base: 1ms, max: 2ms }, max_retry_after: 0s },
    fallbacks: [b], context_window_fallbacks: [demo/long], content_policy_fallbacks: [b, demo/other],
    hedge: { after: p95, max_extra: 2.5% }, slow_answer: { min_chars_per_second: 20, within: 2s }, resume: text, when_all_out: least-bad`;
const COMPILED: RoutePolicy = {
  strategy: [{ name: "budget" }, { name: "round-robin" }],
  retry: {
    max: 3,
    perClass: {
      connect: 0,
      timeout: 2,
      rate_limit: 1,
      server: 2,
      auth: 1,
      not_found: 0,
      context_window: 0,
      content_policy: 0,
      bad_request: 0,
    },
    backoff: { baseMs: 1, maxMs: 2 },
    maxRetryAfterMs: 0,
  },
  fallbacks: ["b"],
  contextWindowFallbacks: ["demo/long"],
  contentPolicyFallbacks: ["b", "demo/other"],
  hedge: { after: "p95", maxExtra: 0.025 },
  slowAnswer: { minCharsPerSecond: 20, withinMs: 2_000 },
  resume: "text",
  whenAllOut: "least-bad",
};

describe("a model's policy", () => {
  test("is whole when the config says nothing", async () => {
    expect(await policyOf("")).toEqual(STANDARD);
  });

  test("takes every setting of the model", async () => {
    expect(await policyOf(`, ${EVERYTHING}`)).toEqual(COMPILED);
  });

  test("takes every setting of the defaults, and so does PROVIDER/MODEL", async () => {
    const { models, implicitGroups } = await load("", `defaults: { ${EVERYTHING} }\n`);
    expect(models.get("m")?.policy).toEqual(COMPILED);
    expect(implicitGroups.get("demo/*")?.policy).toEqual(COMPILED);
  });

  test("narrows the defaults: retries field by field, the rest as a whole, null for none", async () => {
    const policy = await policyOf(
      ", retries: 1, retry: { server: 0, backoff: { max: 5ms } }, fallbacks: [], hedge: null, slow_answer: null, resume: off",
      `defaults: { ${EVERYTHING} }\n`,
    );
    expect(policy).toEqual({
      ...COMPILED,
      retry: {
        ...COMPILED.retry,
        max: 1,
        perClass: { ...COMPILED.retry.perClass, server: 0 },
        backoff: { baseMs: 1, maxMs: 5 },
      },
      fallbacks: [],
      hedge: null,
      slowAnswer: null,
      resume: "off",
    });
  });

  test.each([
    [0, { connect: 0, timeout: 0, rate_limit: 0, server: 0, auth: 0, not_found: 0 }],
    [1, { connect: 1, timeout: 1, rate_limit: 1, server: 1, auth: 1, not_found: 1 }],
    [5, { connect: 5, timeout: 1, rate_limit: 5, server: 5, auth: 5, not_found: 1 }],
  ])("with %d retries has that many for each class that may be tried again", async (retries, perClass) => {
    const policy = await policyOf(`, retries: ${retries}`);
    expect(policy?.retry).toMatchObject({ max: retries, perClass });
  });

  test("says so where a class has more attempts than there are in all", async () => {
    expect(
      (await load(", retries: 1, retry: { connect: 3, server: 1 }", "defaults: { retry: { auth: 4 } }\n")).warnings,
    ).toEqual([
      "defaults.retry.auth is 4, but retries allows 2 in all.",
      "models.m.retry.connect is 3, but retries allows 1 in all.",
    ]);
  });

  test("leaves its own name out of default fallbacks, and a default that comes back is no loop", async () => {
    const { models } = await load(", fallbacks: [b]", "defaults: { fallbacks: [m, b] }\n");
    expect(models.get("m")?.policy.fallbacks).toEqual(["b"]);
    expect(models.get("b")?.policy.fallbacks).toEqual(["m"]);
  });
});

describe("a breaker", () => {
  const STANDARD_BREAKER = {
    consecutive: 5,
    failureShare: 0.5,
    windowMs: 60_000,
    minimum: 10,
    openMs: 5_000,
    slowStartMs: 10_000,
  };
  const breakerOf = async (text: string) => (await loadText(AROUND + text)).models.get("m")?.deployments[0]?.breaker;

  test("has its figures when the config says nothing", async () => {
    expect(await breakerOf(`models: { m: { ${DEPLOYMENTS} } }\n`)).toEqual(STANDARD_BREAKER);
  });

  test("takes each field from the narrowest place that has it", async () => {
    const breaker = await breakerOf(`
defaults: { breaker: { consecutive: 1, failure_share: 10%, window: 1s, minimum: 1 } }
models:
  m:
    breaker: { failure_share: 20%, window: 2s, open: 2s }
    deployments: [{ provider: demo, model: x, breaker: { window: 3s, slow_start: 0s } }]
`);
    expect(breaker).toEqual({
      consecutive: 1,
      failureShare: 0.2,
      windowMs: 3_000,
      minimum: 1,
      openMs: 2_000,
      slowStartMs: 0,
    });
  });

  test("of the defaults holds for PROVIDER/MODEL", async () => {
    const { implicitGroups } = await loadText(`${AROUND}defaults: { breaker: { open: 1s } }\n`);
    expect(implicitGroups.get("demo/*")?.deployments[0]?.breaker).toEqual({ ...STANDARD_BREAKER, openMs: 1_000 });
  });
});

describe("a health check", () => {
  const checksOf = async (defaults: string, model: string, deployment: string) => {
    const text = `${AROUND}defaults: {${defaults}}\nmodels: { m: { deployments: [{ provider: demo, model: x${deployment} }]${model} } }\n`;
    return (await loadText(text)).models.get("m")?.deployments[0]?.healthCheck;
  };

  test("is none by default, and complete where it is wanted", async () => {
    expect(await checksOf("", "", "")).toBeNull();
    expect(await checksOf("", ", health_check: {}", "")).toEqual({ intervalMs: 30_000, timeoutMs: 5_000 });
  });

  test("is that of the narrowest place, and null turns it off", async () => {
    const own = "health_check: { interval: 1s, timeout: 2s }";
    expect(await checksOf(own, "", "")).toEqual({ intervalMs: 1_000, timeoutMs: 2_000 });
    expect(await checksOf(own, ", health_check: { interval: 3s }", "")).toEqual({
      intervalMs: 3_000,
      timeoutMs: 5_000,
    });
    expect(await checksOf(own, ", health_check: null", "")).toBeNull();
    expect(await checksOf(own, ", health_check: null", `, ${own}`)).toEqual({ intervalMs: 1_000, timeoutMs: 2_000 });
    expect(await checksOf(own, "", ", health_check: null")).toBeNull();
  });
});
