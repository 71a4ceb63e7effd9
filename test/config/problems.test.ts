import { describe, expect, test } from "bun:test";
import { loadText, problemsOf } from "./fixtures.ts";

/** Every kind of mistake: the text, and the exact lines it is answered with. */
const CASES: readonly {
  readonly name: string;
  readonly text: string;
  readonly problems: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}[] = [
  // ---- YAML ----
  {
    name: "a text that is not closed",
    text: 'log: { level: "info }\n',
    problems: [
      `config.yaml:2:1: expected valid YAML: a character is missing: a colon, a quote, a comma or a closing bracket (Missing closing "quote)`,
    ],
  },
  {
    name: "wrong indentation",
    text: "log:\n  level: info\n format: json\n",
    problems: ["config.yaml:3:1: expected valid YAML: the indentation is wrong"],
  },
  {
    name: "a tab as indentation",
    text: "log:\n\tlevel: info\n",
    problems: ["config.yaml:2:1: expected valid YAML: a tab cannot be used for indentation"],
  },
  {
    name: "an alias of nothing",
    text: "log: *nothing\n",
    problems: ["config.yaml:1:6: log: expected an alias of an anchor that stands before it"],
  },
  {
    name: "an empty file",
    text: " \n\n",
    problems: ["config.yaml:1:1: expected a map of sections such as providers and models, got an empty file"],
  },
  {
    name: "a list as the whole",
    text: "- providers\n",
    problems: ["config.yaml:1:1: expected a map of sections such as providers and models, got a list"],
  },
  {
    name: "two documents",
    text: "log: {}\n---\nlog: {}\n",
    problems: ["config.yaml:2:1: expected one YAML document in a file, got a second one"],
  },
  {
    name: "a tag",
    text: "log: !thing { level: info }\n",
    problems: ["config.yaml:1:6: expected valid YAML: YAML tags are not supported"],
  },
  {
    name: "a tag of the core schema",
    text: "log: { level: !!str info }\n",
    problems: ["config.yaml:1:21: log.level: expected a value without a tag, got one with a YAML tag"],
  },
  {
    name: "a key that is a number",
    text: "models:\n  4: {}\n",
    problems: ["config.yaml:2:3: models: expected a key that is a string, got 4; quote it"],
  },
  {
    name: "a key that is a map",
    text: "models:\n  ? { a: b }\n  : {}\n",
    problems: ["config.yaml:2:5: models: expected a key that is a string, got a map; quote it"],
  },
  {
    name: "a key that every object inherits",
    text: "providers:\n  __proto__: { provider: demo }\n  constructor: {}\n",
    problems: [
      'config.yaml:2:3: providers: the key "__proto__" is not allowed',
      'config.yaml:3:3: providers: the key "constructor" is not allowed',
    ],
  },
  {
    name: "a merge key, which YAML 1.2 does not have",
    text: "providers:\n  demo: &d { provider: demo }\n  other: { <<: *d }\n",
    problems: [
      `config.yaml:3:12: providers.other["<<"]: expected a known key, got "<<"; known here: provider, base_url, api_key, api_keys, headers, dialect, dialects, region, project, account, api_version, max_concurrent, max_in_flight_tokens, queue, adaptive_concurrency, retry_budget, budget, tls, proxy, timeouts`,
      `config.yaml:3:3: providers.other: expected the key "provider", because "other" is not the id of a known provider; known are anthropic, azure, demo, openai, openai-compatible`,
    ].toReversed(),
  },
  {
    name: "a duplicate key",
    text: "log:\n  level: info\n  level: warn\n",
    problems: ["config.yaml:3:3: log.level: expected every key once, it is already at config.yaml:2:3"],
  },
  {
    name: "a duplicate section",
    text: "log: { level: info }\nlog: { format: json }\n",
    problems: ["config.yaml:2:1: log: expected every key once, it is already at config.yaml:1:1"],
  },
  {
    name: "a variable that is not quoted inside {}",
    text: "log: { level: ${LEVEL}, format: json }\n",
    problems: ['config.yaml:1:16: expected valid YAML: inside {} and [] a "${NAME}" must be quoted'],
  },
  // ---- Keys and forms ----
  {
    name: "an unknown section",
    text: "provider: {}\n",
    problems: ['config.yaml:1:1: provider: expected a known key, got "provider"; did you mean "providers"?'],
  },
  {
    name: "every unknown key of a map, not only the first",
    text: "pool: { max_idel: 3, idle_time: 4s }\n",
    problems: [
      'config.yaml:1:9: pool.max_idel: expected a known key, got "max_idel"; did you mean "max_idle"?',
      'config.yaml:1:22: pool.idle_time: expected a known key, got "idle_time"; did you mean "idle_timeout"?',
    ],
  },
  {
    name: "an unknown key with nothing near",
    text: "log: { colours: true }\n",
    problems: ['config.yaml:1:8: log.colours: expected a known key, got "colours"; known here: level, format'],
  },
  {
    name: "a list where a map belongs",
    text: "limits: [1]\n",
    problems: ["config.yaml:1:9: limits: expected a map, got a list"],
  },
  {
    name: "a text where a map belongs",
    text: "providers:\n  openai: sk-example\n",
    problems: ["config.yaml:2:11: providers.openai: expected a map, got a text"],
  },
  {
    name: "a map where a list belongs",
    text: "models:\n  m:\n    deployments: { provider: demo, model: x }\nproviders: { demo: {} }\n",
    problems: ["config.yaml:3:18: models.m.deployments: expected a list, got a map"],
  },
  {
    name: "a required key that is missing",
    text: "providers: { demo: {} }\nmodels:\n  m: {}\n",
    problems: ["config.yaml:3:3: models.m.deployments: expected a list, got nothing: the key is required"],
  },
  {
    name: "an empty list of deployments",
    text: "models:\n  m: { deployments: [] }\n",
    problems: ["config.yaml:2:21: models.m.deployments: expected at least one deployment, got a list"],
  },
  // ---- Values ----
  {
    name: "durations",
    text: "limits: { head_timeout: 10, body_timeout: 5 s, keep_alive_timeout: 0s }\npool: { idle_timeout: 25h }\n",
    problems: [
      "config.yaml:1:25: limits.head_timeout: expected a duration between 1ms and 24h such as 250ms, 5s, 10m or 1h, got 10",
      'config.yaml:1:43: limits.body_timeout: expected a duration between 1ms and 24h such as 250ms, 5s, 10m or 1h, got "5 s"',
      'config.yaml:1:68: limits.keep_alive_timeout: expected a duration between 1ms and 24h such as 250ms, 5s, 10m or 1h, got "0s"',
      'config.yaml:2:23: pool.idle_timeout: expected a duration between 1ms and 24h such as 250ms, 5s, 10m or 1h, got "25h"',
    ],
  },
  {
    name: "sizes",
    text: "limits: { max_head_bytes: 16kb, max_body_bytes: 1.5, max_pending_bytes: 1GiB }\n",
    problems: [
      'config.yaml:1:27: limits.max_head_bytes: expected a size between 1KiB and 1MiB such as 64KiB, 1MiB or a number of bytes, got "16kb"',
      "config.yaml:1:49: limits.max_body_bytes: expected a size between 1KiB and 4GiB such as 64KiB, 1MiB or a number of bytes, got 1.5",
      'config.yaml:1:73: limits.max_pending_bytes: expected a size between 4KiB and 64MiB such as 64KiB, 1MiB or a number of bytes, got "1GiB"',
    ],
  },
  {
    name: "integers",
    text: "limits: { max_concurrent: 0, max_headers: many, max_connections: 1.5 }\n",
    problems: [
      "config.yaml:1:27: limits.max_concurrent: expected an integer between 1 and 1000000, got 0",
      'config.yaml:1:43: limits.max_headers: expected an integer between 1 and 10000, got "many"',
      "config.yaml:1:66: limits.max_connections: expected an integer between 1 and 1000000, got 1.5",
    ],
  },
  {
    name: "booleans and words",
    text: "stream_usage: yes\nlog: { level: verbose, format: null }\n",
    problems: [
      'config.yaml:1:15: stream_usage: expected true or false, got "yes"',
      'config.yaml:2:15: log.level: expected one of debug, info, warn, error, got "verbose"',
      "config.yaml:2:32: log.format: expected one of json, text, got null",
    ],
  },
  {
    name: "percentages",
    text: "providers: { demo: {} }\nmodels:\n  m:\n    deployments: [{ provider: demo, model: m }]\n    hedge: { after: 1s, max_extra: 0.05 }\n",
    problems: [
      "config.yaml:5:36: models.m.hedge.max_extra: expected a percentage between 0.1% and 100% such as 5%, got 0.05",
    ],
  },
  {
    name: "a long value is cut",
    text: `log: { level: ${"x".repeat(500)} }\n`,
    problems: [`config.yaml:1:15: log.level: expected one of debug, info, warn, error, got "${"x".repeat(59)}…"`],
  },
  // ---- listen ----
  {
    name: "a mode that YAML read as a decimal number",
    text: "listen: { unix: { mode: 0660 } }\n",
    problems: ['config.yaml:1:25: listen.unix.mode: expected a quoted octal mode such as "0660", got 660'],
  },
  {
    name: "addresses",
    text: "listen: { http: localhost, ops: '::1:4001' }\n",
    problems: [
      'config.yaml:1:17: listen.http: expected an address "host:port" such as 127.0.0.1:4000, got "localhost"',
      'config.yaml:1:33: listen.ops: expected an address "host:port" such as 127.0.0.1:4000, with an IPv6 address in brackets, got "::1:4001"',
    ],
  },
  {
    name: "one address twice",
    text: "listen: { http: 127.0.0.1:4000, ops: 127.0.0.1:4000 }\n",
    problems: ["config.yaml:1:38: listen.ops: expected another address than listen.http, got the same"],
  },
  {
    name: "nothing to listen on",
    text: "listen: { http: null, unix: null }\n",
    problems: ["config.yaml:1:1: listen: expected unix or http to listen on, got null for both"],
  },
  {
    name: "a socket path that no socket can have, counted in bytes",
    text: `listen: { unix: { path: /run/${"é".repeat(60)}.sock } }\n`,
    problems: ["config.yaml:1:25: listen.unix.path: expected a path of at most 107 bytes, got 130"],
  },
  // ---- keys ----
  // ---- providers ----
  {
    name: "a name that is no known id, without the key that says which it is",
    text: "providers:\n  opnai: { api_key: sk-example }\n",
    problems: [
      'config.yaml:2:3: providers.opnai: expected the key "provider", because "opnai" is not the id of a known provider; did you mean "openai"?',
    ],
  },
  {
    name: "an unknown provider",
    text: "providers:\n  mine: { provider: antropic, api_key: sk-example }\n",
    problems: [
      'config.yaml:2:21: providers.mine.provider: expected the id of a known provider, got "antropic"; did you mean "anthropic"?',
    ],
  },
  {
    name: "a provider's name with a slash",
    text: "providers:\n  a/b: { provider: demo }\n",
    problems: [
      'config.yaml:2:3: providers["a/b"]: expected a name of letters, digits, dots, dashes and underscores (64 at most), got "a/b"',
    ],
  },
  {
    name: "an unknown dialect",
    text: "providers:\n  demo: { dialect: openai-chta }\n",
    problems: [
      'config.yaml:2:20: providers.demo.dialect: expected a known dialect, got "openai-chta"; did you mean "openai-chat"?',
    ],
  },
  {
    name: "no base_url where the definition has none",
    text: "providers:\n  local: { provider: openai-compatible }\n",
    problems: [
      "config.yaml:2:3: providers.local.base_url: expected base_url, because openai-compatible has none of its own, got nothing",
    ],
  },
  {
    name: "no credential where one is needed",
    text: "providers:\n  openai: {}\n",
    problems: [
      'config.yaml:2:3: providers.openai.api_key: expected api_key, such as api_key: "${OPENAI_API_KEY}", got nothing',
    ],
  },
  {
    name: "a credential where none is taken",
    text: "providers:\n  demo: { api_key: sk-example }\n",
    problems: ["config.yaml:2:11: providers.demo.api_key: expected no credential, because demo takes none, got one"],
  },
  {
    name: "both kinds of credential",
    text: "providers:\n  openai: { api_key: a, api_keys: [b] }\n",
    problems: ["config.yaml:2:25: providers.openai.api_keys: expected api_key or api_keys, got both"],
  },
  {
    name: "a proxy of another kind, and one for a socket",
    text: `providers:
  a: { provider: demo, proxy: "socks5://user:hunter2@example.com" }
  b: { provider: demo, base_url: "unix:/run/x.sock", proxy: "http://example.com:3128" }
`,
    problems: [
      'config.yaml:2:31: providers.a.proxy: expected an HTTP proxy ("http://host:port" or "https://host:port"), got a SOCKS proxy',
      "config.yaml:3:54: providers.b.proxy: expected no proxy for a provider on a Unix socket, got one",
    ],
  },
  {
    name: "headers that are not the config's to set",
    text: `providers:
  anthropic:
    api_key: sk-example
    headers: { Transfer-Encoding: chunked, x-api-key: a, "x y": b, Authorization: c, x-ok: "a\\nb", X-A: 1, x-a: b, x-A: c }
`,
    problems: [
      "config.yaml:4:16: providers.anthropic.headers.Transfer-Encoding: expected another header, transfer-encoding cannot be set here: it belongs to the connection",
      "config.yaml:4:44: providers.anthropic.headers.x-api-key: expected another header, x-api-key cannot be set here: use api_key",
      'config.yaml:4:58: providers.anthropic.headers["x y"]: expected a header name (RFC 9110 token), got "x y"',
      "config.yaml:4:68: providers.anthropic.headers.Authorization: expected another header, authorization cannot be set here: use api_key",
      "config.yaml:4:92: providers.anthropic.headers.x-ok: expected characters that a header can carry, got a line break at position 2",
      "config.yaml:4:105: providers.anthropic.headers.X-A: expected a text that is not empty or { file: /path }, got a number",
      "config.yaml:4:116: providers.anthropic.headers.x-A: expected every header once, got x-a in two spellings",
    ],
  },
  // ---- models ----
  {
    name: "a deployment on a provider that is not there",
    text: "providers: { demo: {} }\nmodels:\n  gpt-4o:\n    deployments:\n      - { provider: dmo, model: gpt-4o }\n",
    problems: [
      'config.yaml:5:21: models.gpt-4o.deployments[0].provider: expected a provider defined under providers, got "dmo"; did you mean "demo"?',
    ],
  },
  {
    name: "a deployment when no provider is there at all",
    text: "models:\n  m: { deployments: [{ provider: demo, model: m }] }\n",
    problems: [
      'config.yaml:2:34: models.m.deployments[0].provider: expected a provider defined under providers, got "demo"; none is defined',
    ],
  },
  {
    name: "stars in the wrong places",
    text: `providers: { demo: {} }
models:
  "a*b": { deployments: [{ provider: demo, model: m }] }
  "a/*": { deployments: [{ provider: demo, model: "*-*" }] }
  plain: { deployments: [{ provider: demo, model: "*" }] }
`,
    problems: [
      `config.yaml:3:3: models["a*b"]: expected a model's name of at most 200 printable characters, with one * at most, as the last, got "a*b"`,
      'config.yaml:4:51: models["a/*"].deployments[0].model: expected one * at most, got "*-*"',
      `config.yaml:5:51: models.plain.deployments[0].model: expected a name without *, because the group's own name has none, got "*"`,
    ],
  },
  {
    name: "fallbacks to nowhere",
    text: `providers: { demo: {} }
models:
  claude: { deployments: [{ provider: demo, model: m }] }
  a: { deployments: [{ provider: demo, model: m }], fallbacks: [claud, demo/x, none/x] }
`,
    problems: [
      'config.yaml:4:65: models.a.fallbacks[0]: expected a model defined under models, got "claud"; did you mean "claude"?',
      'config.yaml:4:80: models.a.fallbacks[2]: expected a model defined under models, got "none/x"; defined are "claude", "a"',
    ],
  },
  {
    name: "fallbacks in a loop, through a wildcard too",
    text: `providers: { demo: {} }
models:
  a: { deployments: [{ provider: demo, model: m }], fallbacks: [b] }
  b: { deployments: [{ provider: demo, model: m }], fallbacks: [c/x] }
  c/*: { deployments: [{ provider: demo, model: m }], fallbacks: [a] }
  d: { deployments: [{ provider: demo, model: m }], context_window_fallbacks: [d] }
`,
    problems: [
      'config.yaml:5:67: models["c/*"].fallbacks[0]: expected fallbacks without a loop, got a → b → c/* → a',
      "config.yaml:6:80: models.d.context_window_fallbacks[0]: expected context_window_fallbacks without a loop, got d → d",
    ],
  },
  {
    name: "a bound that contradicts another",
    text: "limits: { max_pending_bytes: 1MiB, max_pending_bytes_total: 64KiB }\n",
    problems: ["config.yaml:1:30: limits.max_pending_bytes: expected at most limits.max_pending_bytes_total, got more"],
  },
  // ---- environment ----
  {
    name: "a variable that is not set",
    text: "log:\n  level: ${LEVEL}\n",
    problems: ["config.yaml:2:10: log.level: expected the environment variable LEVEL to be set"],
  },
  {
    name: "a variable that only every object has",
    text: "log: { level: '${constructor}' }\n",
    problems: ["config.yaml:1:15: log.level: expected the environment variable constructor to be set"],
  },
  {
    name: "a reference that is no name",
    text: "log: { level: '${LEVEL:-info}', format: '${' }\n",
    problems: [
      'config.yaml:1:15: log.level: expected the name of an environment variable as in "${NAME}" ("$${" stands for a literal "${")',
      'config.yaml:1:41: log.format: expected the name of an environment variable as in "${NAME}" ("$${" stands for a literal "${")',
    ],
  },
  {
    name: "a value from the environment is not shown",
    text: "log: { level: '${LEVEL}' }\nlimits:\n  max_headers: ${COUNT}\n",
    env: { LEVEL: "hunter2", COUNT: "hunter3" },
    problems: [
      'config.yaml:1:15: log.level: expected one of debug, info, warn, error, got what "${LEVEL}" stands for',
      'config.yaml:3:16: limits.max_headers: expected an integer between 1 and 10000, got what "${COUNT}" stands for',
    ],
  },
];

describe("a config with mistakes", () => {
  for (const { name, text, problems, env } of CASES) {
    test(`says where and what: ${name}`, async () => {
      expect(await problemsOf(text, env === undefined ? {} : { env })).toEqual(problems);
    });
  }

  test("shows every mistake at once, those between entries too", async () => {
    const text = `
listen: { htp: null }
providers:
  openai: { api_key: "\${UNSET}" }
  demo: { headers: { host: a }, max_concurrent: none }
models:
  m:
    timeouts: { connect: 5 }
    fallbacks: [m]
    deployments:
      - { provider: dem, model: x }
      - { provider: openai }
`;
    const places = (await problemsOf(text)).map((line) => line.split(": ").slice(0, 2).join(" "));
    expect(places).toEqual([
      "config.yaml:2:11 listen.htp",
      "config.yaml:4:22 providers.openai.api_key",
      "config.yaml:5:22 providers.demo.headers.host",
      "config.yaml:5:49 providers.demo.max_concurrent",
      "config.yaml:8:26 models.m.timeouts.connect",
      "config.yaml:9:17 models.m.fallbacks[0]",
      "config.yaml:11:21 models.m.deployments[0].provider",
      "config.yaml:12:9 models.m.deployments[1].model",
    ]);
  });

  test("a mistake in a provider does not make its deployments wrong", async () => {
    const text =
      "providers: { demo: { max_concurrent: 0 } }\nmodels: { m: { deployments: [{ provider: demo, model: m }] } }\n";
    expect(await problemsOf(text)).toHaveLength(1);
  });

  test("a broken section does not make every name in it unknown", async () => {
    const text = "providers: []\nmodels: { m: { deployments: [{ provider: demo, model: m }] } }\n";
    expect(await problemsOf(text)).toEqual(["config.yaml:1:12: providers: expected a map, got a list"]);
  });

  test("shows 50 problems and says how many there are besides", async () => {
    const text = `log:\n${Array.from({ length: 80 }, (_, index) => `  key${index}: 1\n`).join("")}`;
    const problems = await problemsOf(text);
    expect(problems).toHaveLength(50);
    expect(problems[0]).toStartWith("config.yaml:2:3: log.key0: ");
    expect(problems[49]).toBe("config.yaml: 31 more problems are not shown");
  });

  test("aliases that multiply are refused before they fill the memory", async () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const inner = level === 0 ? "x" : Array.from({ length: 12 }, () => `*l${level - 1}`).join(", ");
      return `l${level}: &l${level} [${inner}]`;
    });
    const problems = await problemsOf(`${levels.join("\n")}\n`);
    expect(problems.some((line) => line.includes("expected at most 100 aliases in a file, got more"))).toBe(true);
  });

  test("an alias that holds itself is refused", async () => {
    const problems = await problemsOf("providers: &p\n  demo: *p\n");
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join("\n")).toMatch(/expected (at most 32 levels|valid YAML)/);
  });

  test("an alias that is used well is fine", async () => {
    const snapshot = await loadText(
      "providers:\n  a: { provider: demo, timeouts: &t { connect: 1s } }\n  b: { provider: demo, timeouts: *t }\n",
    );
    expect(snapshot.providers.get("b")?.timeouts.connectMs).toBe(1_000);
  });

  test("nesting without end is refused", async () => {
    const problems = await problemsOf(`log: ${"[".repeat(5_000)}${"]".repeat(5_000)}\n`);
    expect(problems.length).toBeGreaterThan(0);
  });
});
