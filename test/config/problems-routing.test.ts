import { describe, expect, test } from "bun:test";
import { problemsOf, TEST_HASH } from "./fixtures.ts";

/** What a mistake stands in: two providers, and two models that are well. Each text goes on from line 5. */
const AROUND = `providers: { demo: {}, other: { provider: demo } }
models:
  a: { deployments: [{ provider: demo, model: m }] }
  b: { deployments: [{ provider: demo, model: m }] }
`;
const DEPLOYMENTS = "deployments: [{ provider: demo, model: m }]";
const STRATEGIES =
  "simple-shuffle, round-robin, least-busy, lowest-latency, lowest-cost, lowest-usage, budget, tags, conditional, affinity, priority";
const NARROWS = "expected a strategy that narrows (tags, conditional, budget, affinity, priority) before others, got";
const A_HASH = 'the SHA-256 of the key in 64 hexadecimal digits, as from: printf %s "$KEY" | sha256sum';
const OTHER_HASH = "a".repeat(64);
const EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** One model with a strategy, in block style: the strategy's value begins at 7:15, its list's first item at 8:9. */
const withStrategy = (strategy: string): string => `  m:\n    ${DEPLOYMENTS}\n    strategy: ${strategy}`;

const CASES: readonly { readonly name: string; readonly text: string; readonly problems: readonly string[] }[] = [
  // ---- strategies ----
  {
    name: "an unknown strategy",
    text: withStrategy("lowest-latncy"),
    problems: [
      `7:15: models.m.strategy: expected one of ${STRATEGIES}, got "lowest-latncy"; did you mean "lowest-latency"?`,
    ],
  },
  {
    name: "unknown strategies in a list, with options too",
    text: withStrategy("\n      - tag\n      - { name: latency }\n      - { name: afinity, by: user }"),
    problems: [
      `8:9: models.m.strategy[0]: expected one of ${STRATEGIES}, got "tag"; did you mean "tags"?`,
      `9:17: models.m.strategy[1].name: expected one of ${STRATEGIES}, got "latency"`,
      `10:17: models.m.strategy[2].name: expected one of ${STRATEGIES}, got "afinity"; did you mean "affinity"?`,
    ],
  },
  {
    name: "a strategy without a name",
    text: withStrategy("{ buffer: 10% }"),
    problems: [`7:5: models.m.strategy.name: expected one of ${STRATEGIES}, got nothing: the key is required`],
  },
  {
    name: "an option that the strategy does not have",
    text: withStrategy(
      "\n      - name: lowest-latency\n        bufer: 10%\n      - name: round-robin\n        by: weight",
    ),
    problems: [
      `8:15: models.m.strategy[0].name: ${NARROWS} lowest-latency, which picks and can only stand last`,
      '9:9: models.m.strategy[0].bufer: expected a known key, got "bufer"; did you mean "buffer"?',
      '11:9: models.m.strategy[1].by: expected a known key, got "by"; known here: name',
    ],
  },
  {
    name: "options of the wrong kind",
    text: withStrategy(
      "\n      - name: affinity\n        by: users\n      - name: tags\n        match: al\n      - name: lowest-latency\n        buffer: 0.1",
    ),
    problems: [
      '9:13: models.m.strategy[0].by: expected user, prompt-prefix or header:NAME, got "users"',
      '11:16: models.m.strategy[1].match: expected one of any, all, got "al"; did you mean "all"?',
      "13:17: models.m.strategy[2].buffer: expected a percentage between 0% and 100% such as 5%, got 0.1",
    ],
  },
  {
    name: "strategies that need options, without them",
    text: withStrategy("\n      - affinity\n      - conditional\n      - name: affinity\n      - name: conditional"),
    problems: [
      '8:9: models.m.strategy[0]: expected { name: affinity, by: … }, because it needs to know by what, got "affinity"',
      '9:9: models.m.strategy[1]: expected { name: conditional, rules: [ … ] }, because it does nothing without rules, got "conditional"',
      "10:9: models.m.strategy[2].by: expected user, prompt-prefix or header:NAME, got nothing: the key is required",
      "11:9: models.m.strategy[3].rules: expected a list, got nothing: the key is required",
    ],
  },
  {
    name: "a strategy that is no text, map or list",
    text: withStrategy("3"),
    problems: [
      "7:15: models.m.strategy: expected the name of a strategy, a map with its name and options, or a list of those, got a number",
    ],
  },
  {
    name: "a list in a list of strategies",
    text: withStrategy("\n      - [tags]"),
    problems: [
      "8:9: models.m.strategy[0]: expected the name of a strategy, a map with its name and options, or a list of those, got a list",
    ],
  },
  {
    name: "no strategy in a list of them",
    text: withStrategy("[]"),
    problems: ["7:15: models.m.strategy: expected at least one strategy, got a list"],
  },
  {
    name: "strategies that pick before another one",
    text: withStrategy("\n      - least-busy\n      - tags\n      - name: lowest-cost\n      - round-robin"),
    problems: [
      `8:9: models.m.strategy[0]: ${NARROWS} least-busy, which picks and can only stand last`,
      `10:15: models.m.strategy[2].name: ${NARROWS} lowest-cost, which picks and can only stand last`,
    ],
  },
  {
    name: "a length for an affinity that has none",
    text: withStrategy("\n      name: affinity\n      by: header:x-session-id\n      bytes: 10"),
    problems: ["10:7: models.m.strategy.bytes: expected bytes only with by: prompt-prefix, got it with another"],
  },
  {
    name: "rules that lead nowhere or cannot be evaluated",
    text: withStrategy(`
      name: conditional
      rules:
        - when: "true"
          use: {}
        - when: maybe
          use: { providers: [demoo] }
        - when: yes
          use: { tags: [eu] }`),
    problems: [
      "11:11: models.m.strategy.rules[0].use: expected tags, providers or models, got none of them",
      '12:17: models.m.strategy.rules[1].when: expected true or false, got something else, at character 3 of "maybe"',
      '13:30: models.m.strategy.rules[1].use.providers[0]: expected a provider defined under providers, got "demoo"; did you mean "demo"?',
      '14:17: models.m.strategy.rules[2].when: expected true or false, got something else, in "yes"',
    ],
  },
  {
    name: "rules that are not whole",
    text: withStrategy(`
      name: conditional
      rules:
        - use: { tags: [] }
        - when: "true"
        - when: "true"
          use: { models: [m, m], tag: [eu] }`),
    problems: [
      "10:11: models.m.strategy.rules[0].when: expected an expression, got nothing: the key is required",
      "10:24: models.m.strategy.rules[0].use.tags: expected at least one tag, got a list",
      "11:11: models.m.strategy.rules[1].use: expected a map, got nothing: the key is required",
      '13:30: models.m.strategy.rules[2].use.models[1]: expected every model once, got "m"',
      '13:34: models.m.strategy.rules[2].use.tag: expected a known key, got "tag"; did you mean "tags"?',
    ],
  },
  {
    name: "a weight that not every deployment has",
    text: `  m:
    strategy: { name: simple-shuffle, by: rpm }
    deployments:
      - { provider: demo, model: m, rpm: 5 }
      - { provider: demo, model: n, tpm: 5 }`,
    problems: [
      "6:5: models.m.strategy: expected rpm for every deployment, because the strategy goes by it, got some without",
    ],
  },
  {
    name: "weights that are all 0",
    text: `  m:
    deployments:
      - { provider: demo, model: m, weight: 0 }
      - { provider: demo, model: n, weight: 0 }`,
    problems: ["6:5: models.m.deployments: expected a weight above 0 for one deployment at least, got 0 for all"],
  },
  // ---- figures ----
  {
    name: "limits of 0",
    text: `  m: { ${DEPLOYMENTS}, rpm: 0 }
limits:
  rpm: 0
  tpm: 0
  max_in_flight_tokens: 0
teams:
  t: { max_concurrent: 0 }`,
    problems: [
      "5:58: models.m.rpm: expected an integer between 1 and 1000000000000, got 0",
      "7:8: limits.rpm: expected an integer between 1 and 1000000000000, got 0",
      "8:8: limits.tpm: expected an integer between 1 and 1000000000000, got 0",
      "9:25: limits.max_in_flight_tokens: expected an integer between 1 and 1000000000000, got 0",
      "11:24: teams.t.max_concurrent: expected an integer between 1 and 1000000, got 0",
    ],
  },
  {
    name: "figures that contradict each other",
    text: `  m:
    ${DEPLOYMENTS}
    retry:
      backoff: { base: 9s }
limits:
  reserved: { high: 60%, normal: 40% }`,
    problems: [
      "8:7: models.m.retry.backoff: expected base to be at most max, got 9000ms and 8000ms",
      "10:3: limits.reserved: expected less than 100% for high and normal together, got 100%: nothing would be left for the others",
    ],
  },
  {
    name: "figures that mean nothing",
    text: `  m:
    deployments: [{ provider: demo, model: m, price: { input: -1 }, budget: { usd: 0, per: 9000h } }]
    hedge: { after: p99, max_extra: 0% }
    breaker: { open: 5m, failure_share: 0% }
    slow_answer: { within: 2m }
    resume: "on"
    retries: 11`,
    problems: [
      "6:47: models.m.deployments[0].price.output: expected a number between 0 and 1000000, got nothing: the key is required",
      "6:63: models.m.deployments[0].price.input: expected a number between 0 and 1000000, got -1",
      "6:84: models.m.deployments[0].budget.usd: expected a number between 0.000001 and 1000000000, got 0",
      '6:92: models.m.deployments[0].budget.per: expected a duration between 1s and 8760h such as 250ms, 5s, 10m or 1h, got "9000h"',
      '7:21: models.m.hedge.after: expected p95 or a duration between 1ms and 24h such as 250ms, 5s, 10m or 1h, got "p99"',
      '7:37: models.m.hedge.max_extra: expected a percentage between 0.1% and 100% such as 5%, got "0%"',
      '8:22: models.m.breaker.open: expected a duration between 1ms and 60s such as 250ms, 5s, 10m or 1h, got "5m"',
      '8:41: models.m.breaker.failure_share: expected a percentage between 1% and 100% such as 5%, got "0%"',
      "9:5: models.m.slow_answer.min_chars_per_second: expected an integer between 1 and 100000, got nothing: the key is required",
      '9:28: models.m.slow_answer.within: expected a duration between 1ms and 60s such as 250ms, 5s, 10m or 1h, got "2m"',
      '10:13: models.m.resume: expected one of off, text, got "on"',
      "11:14: models.m.retries: expected an integer between 0 and 10, got 11",
    ],
  },
  {
    name: "classes of failures that nobody tries again",
    text: `  m:\n    ${DEPLOYMENTS}\n    retry: { bad_request: 1 }`,
    problems: [
      '7:14: models.m.retry.bad_request: expected a known key, got "bad_request"; known here: connect, timeout, rate_limit, server, auth, not_found, backoff, max_retry_after',
    ],
  },
  // ---- fallbacks ----
  {
    name: "fallbacks to nowhere, everywhere they can stand",
    text: `  m:
    ${DEPLOYMENTS}
    content_policy_fallbacks: [bb, "demo/*", demo/]
defaults:
  fallbacks: [c]
  context_window_fallbacks: [none/x]
  content_policy_fallbacks: [other/x, b]`,
    problems: [
      '7:32: models.m.content_policy_fallbacks[0]: expected a model defined under models, got "bb"; did you mean "b"?',
      '7:36: models.m.content_policy_fallbacks[1]: expected the name of one model, got "demo/*"',
      '7:46: models.m.content_policy_fallbacks[2]: expected a model defined under models, got "demo/"; defined are "a", "b", "m"',
      '9:15: defaults.fallbacks[0]: expected a model defined under models, got "c"; did you mean "a"?',
      '10:30: defaults.context_window_fallbacks[0]: expected a model defined under models, got "none/x"; defined are "a", "b", "m"',
    ],
  },
  {
    name: "fallbacks in a loop, and one that is there twice",
    text: `  m: { ${DEPLOYMENTS}, content_policy_fallbacks: [n] }
  n: { ${DEPLOYMENTS}, content_policy_fallbacks: [m], fallbacks: [n], context_window_fallbacks: [a, b, a] }`,
    problems: [
      "6:80: models.n.content_policy_fallbacks[0]: expected content_policy_fallbacks without a loop, got m → n → m",
      "6:96: models.n.fallbacks[0]: expected fallbacks without a loop, got n → n",
      '6:133: models.n.context_window_fallbacks[2]: expected every model once, got "a"',
    ],
  },
  // ---- keys ----
  {
    name: "an empty list of keys",
    text: "keys: []",
    problems: [
      "5:7: keys: expected at least one key, because an empty list would let nobody in (leave the section out to let every local caller in), got a list",
    ],
  },
  {
    name: "a section of keys with nothing in it",
    text: "keys:\n  # - { name: shop }",
    problems: ["5:6: keys: expected a list of keys (leave the section out to let every local caller in), got null"],
  },
  {
    name: "keys as a map",
    text: `keys: { shop: { sha256: ${TEST_HASH} } }`,
    problems: ["5:7: keys: expected a list of keys (leave the section out to let every local caller in), got a map"],
  },
  {
    name: "hashes that are none: the key itself, another algorithm's, that of nothing",
    text: `keys:
  - { name: a, sha256: sk-hunter2 }
  - { name: b, sha256: ${"0".repeat(40)} }
  - { name: c, sha256: ${EMPTY_HASH.toUpperCase()} }
  - { name: d }`,
    problems: [
      `6:24: keys[0].sha256: expected ${A_HASH}, got a text`,
      `7:24: keys[1].sha256: expected ${A_HASH}, got a number`,
      "8:24: keys[2].sha256: expected the SHA-256 of a key, got that of an empty text",
      `9:5: keys[3].sha256: expected ${A_HASH}, got nothing: the key is required`,
    ],
  },
  {
    name: "keys that are there twice",
    text: `keys:
  - { name: shop, sha256: ${TEST_HASH} }
  - { name: shop, sha256: ${OTHER_HASH} }
  - { name: other, sha256: ${TEST_HASH.toUpperCase()} }`,
    problems: [
      "7:13: keys[1].name: expected every name of a key once, it is already at config.yaml:6:13",
      "8:28: keys[2].sha256: expected every key once, it is already at config.yaml:6:27",
    ],
  },
  {
    name: "a team that is not there, a priority and a model's name that are none",
    text: `keys:
  - { name: shop, sha256: ${TEST_HASH}, team: marketting, priority: urgent, models: ["*-mini"] }
  - { name: other, sha256: ${OTHER_HASH}, models: [] }
teams: { marketing: { rpm: 5 } }`,
    problems: [
      '6:99: keys[0].team: expected a team defined under teams, got "marketting"; did you mean "marketing"?',
      '6:121: keys[0].priority: expected one of high, normal, low, got "urgent"',
      `6:138: keys[0].models[0]: expected a model's name with one * at most, as the last, got "*-mini"`,
      "7:102: keys[1].models: expected at least one model, got a list",
    ],
  },
];

describe("a config with mistakes of routing", () => {
  for (const { name, text, problems } of CASES) {
    test(`says where and what: ${name}`, async () => {
      const found = await problemsOf(`${AROUND}${text}\n`);
      expect(found).toEqual(problems.map((line) => `config.yaml:${line}`));
      expect(found.join("\n")).not.toContain("hunter2");
    });
  }
});
