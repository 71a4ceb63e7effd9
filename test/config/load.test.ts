import { describe, expect, test } from "bun:test";
import { loadConfig, loadSnapshot } from "../../src/config/load.ts";
import { NO_LIMITS } from "../../src/policy.ts";
import {
  headerOf,
  DEFINITIONS,
  DESIGN_EXAMPLE,
  DESIGN_SURROUNDINGS,
  loadText,
  memoryFiles,
  optionsFor,
  problemsIn,
  problemsOf,
} from "./fixtures.ts";

describe("a config file", () => {
  test("compiles the design's example", async () => {
    const snapshot = await loadText(DESIGN_EXAMPLE, DESIGN_SURROUNDINGS);
    expect(snapshot).toMatchObject({
      generation: 7,
      loadedAtMs: 1_000,
      listen: {
        unix: { path: "/run/llmux/llmux.sock", mode: 0o660 },
        http: { host: "127.0.0.1", port: 4000 },
        ops: { host: "127.0.0.1", port: 4001 },
      },
    });
    expect(snapshot.contentHash).toMatch(/^[0-9a-f]{64}$/);
    expect([...snapshot.providers.keys()]).toEqual(["openai", "anthropic", "azure-eu", "local"]);
    expect([...snapshot.models.keys()]).toEqual(["gpt-4o", "claude", "local/*"]);
    const [openai, anthropic] = [snapshot.providers.get("openai"), snapshot.providers.get("anthropic")];
    expect(headerOf(openai)?.header).toBe("authorization");
    expect(headerOf(openai)?.value.reveal()).toBe("Bearer sk-openai");
    expect(headerOf(anthropic)?.header).toBe("x-api-key");
    expect(headerOf(anthropic)?.value.reveal()).toBe("sk-ant");
    expect(snapshot.providers.get("local")).toMatchObject({
      id: "openai-compatible",
      credentials: [],
      maxConcurrent: 64,
      origin: { tls: false, host: "vllm", port: 8000, hostHeader: "vllm:8000", pathPrefix: "/v1", unixPath: null },
    });
    expect(snapshot.models.get("gpt-4o")?.deployments.map(({ provider, model }) => [provider.name, model])).toEqual([
      ["openai", "gpt-4o"],
      ["azure-eu", "gpt-4o-prod"],
    ]);
    expect(snapshot.models.get("local/*")?.deployments[0]).toMatchObject({ group: "local/*", model: "*" });
  });

  test("says in one sentence which key has no effect yet, and has nothing else to say of the example", async () => {
    const { warnings } = await loadText(DESIGN_EXAMPLE, DESIGN_SURROUNDINGS);
    expect(warnings).toEqual(["defaults.on_disconnect has no effect in this version."]);
  });

  test("has every default when it says next to nothing", async () => {
    const snapshot = await loadText("providers: { demo: }\nlog:\nmodels:\n");
    expect(snapshot.warnings).toEqual([]);
    expect(snapshot).toMatchObject({
      listen: {
        unix: { path: "/run/llmux/llmux.sock", mode: 0o660 },
        http: { host: "127.0.0.1", port: 4000 },
        ops: { host: "127.0.0.1", port: 4001 },
      },
      streamUsage: true,
      limits: {
        maxConcurrent: 10_000,
        rates: NO_LIMITS,
        reserved: { high: 0, normal: 0 },
        shedding: { memoryShare: 0.9, loopDelayMs: null },
        queue: null,
        maxHeadBytes: 16_384,
        maxHeaders: 100,
        maxBodyBytes: 67_108_864,
        headTimeoutMs: 10_000,
        bodyTimeoutMs: 60_000,
        keepAliveTimeoutMs: 75_000,
        maxPendingBytesTotal: 67_108_864,
        maxConnections: 20_000,
      },
      pool: { maxIdle: 64, idleTimeoutMs: 55_000, maxReadBytes: 65_536 },
      drain: { delayMs: 0, timeoutMs: 60_000 },
      log: { level: "info", format: "json" },
    });
    expect(snapshot.providers.get("demo")).toMatchObject({
      surfaces: [{ dialect: "openai-chat", models: null, paths: null, query: "" }],
      isEmbedded: true,
      credentials: [],
      headers: [],
      maxConcurrent: null,
      queue: null,
      proxy: null,
      tls: { caPem: null, certPem: null, keyPem: null, serverName: null, verify: true },
      timeouts: { connectMs: 5_000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 600_000 },
    });
  });

  test("takes every setting it is given", async () => {
    const snapshot = await loadText(`
listen: { unix: { path: relative.sock, mode: "600" }, http: "[::1]:0", ops: null }
providers:
  demo: { dialect: anthropic-messages, headers: { X-Team: shop }, max_concurrent: 3, queue: { size: 2, timeout: 250ms } }
limits:
  max_concurrent: 5
  queue: { size: 9, timeout: 1s }
  max_head_bytes: 8KiB
  max_headers: 50
  max_body_bytes: 1MB
  head_timeout: 1s
  body_timeout: 2s
  keep_alive_timeout: 1m
  max_pending_bytes: 8192
  max_pending_bytes_total: 1MiB
  max_connections: 6
  rpm: 600
  tpm: 1000
  max_in_flight_tokens: 500
  reserved: { high: 10%, normal: 25% }
  shedding: { memory: null, loop_delay: 500ms }
pool: { max_idle: 0, idle_timeout: 1h }
stream_usage: false
drain: { delay: 1s, timeout: 0s }
log: { level: debug, format: text }
`);
    expect(snapshot.listen).toEqual({
      unix: { path: "relative.sock", mode: 0o600 },
      http: { host: "::1", port: 0 },
      ops: null,
    });
    expect(snapshot.providers.get("demo")).toMatchObject({
      surfaces: [{ dialect: "anthropic-messages" }],
      headers: [["x-team", "shop"]],
      maxConcurrent: 3,
      queue: { size: 2, timeoutMs: 250 },
    });
    expect(snapshot.limits).toEqual({
      maxConcurrent: 5,
      rates: { rpm: 600, tpm: 1_000, maxConcurrent: null, maxInFlightTokens: 500 },
      reserved: { high: 0.1, normal: 0.25 },
      shedding: { memoryShare: null, loopDelayMs: 500 },
      queue: { size: 9, timeoutMs: 1_000 },
      maxHeadBytes: 8_192,
      maxHeaders: 50,
      maxBodyBytes: 1_000_000,
      headTimeoutMs: 1_000,
      bodyTimeoutMs: 2_000,
      keepAliveTimeoutMs: 60_000,
      maxPendingBytesTotal: 1_048_576,
      maxBufferedBytes: 268_435_456,
      maxConnections: 6,
    });
    expect(snapshot.pool).toEqual({ maxIdle: 0, idleTimeoutMs: 3_600_000, maxReadBytes: 8_192 });
    expect(snapshot.drain).toEqual({ delayMs: 1_000, timeoutMs: 0 });
    expect(snapshot.log).toEqual({ level: "debug", format: "text" });
    expect(snapshot.streamUsage).toBe(false);
  });

  test("takes each timeout from the narrowest place that has it", async () => {
    const snapshot = await loadText(`
defaults: { timeouts: { connect: 1s, first_byte: 1s, idle: 1s } }
providers:
  demo: { timeouts: { first_byte: 2s, idle: 2s } }
models:
  m:
    timeouts: { idle: 3s }
    deployments: [{ provider: demo, model: m, timeouts: { connect: 4s } }]
`);
    expect(snapshot.models.get("m")?.deployments[0]?.timeouts).toEqual({
      connectMs: 4_000,
      firstByteMs: 2_000,
      idleMs: 3_000,
      totalMs: 600_000,
    });
    expect(snapshot.providers.get("demo")?.timeouts).toEqual({
      connectMs: 1_000,
      firstByteMs: 2_000,
      idleMs: 2_000,
      totalMs: 600_000,
    });
  });

  test("warns about what can have no effect, and about what is dangerous", async () => {
    const { warnings } = await loadText(`
providers:
  openai: { api_key: one, region: somewhere, tls: { verify: false } }
  demo: { tls: { server_name: example.com }, queue: { size: 1, timeout: 1s } }
`);
    expect(warnings).toEqual([
      "providers.openai.region has no effect for openai.",
      "providers.openai.tls.verify is false: anyone on the way can pose as this provider and read its key.",
      "providers.demo.tls has no effect: base_url is not https.",
      "providers.demo.queue has no effect without max_concurrent.",
    ]);
    expect((await loadText("log: {}\n")).warnings).toEqual([
      "No provider is configured: every request for a model will be refused.",
    ]);
  });

  test("a file of comments is a config with every default", async () => {
    expect((await loadText("# nothing yet\n")).providers.size).toBe(0);
  });

  test("the hash follows the content and nothing else", async () => {
    const first = await loadText("providers: { demo: {} }\n");
    const same = await loadText("providers: { demo: {} }\n");
    const other = await loadText("providers: { demo: {} }\n\n");
    expect(same.contentHash).toBe(first.contentHash);
    expect(other.contentHash).not.toBe(first.contentHash);
  });

  test("text that is not UTF-8, too long, forbidden or not there is a problem of the file", async () => {
    const files = { "bad.yaml": new Uint8Array([0xff, 0xfe]), "long.yaml": "#".repeat(1_048_577), "no.yaml": null };
    const problems = (path: string) => problemsIn(() => loadSnapshot(optionsFor(path, { files })));
    expect(await problems("bad.yaml")).toEqual(["bad.yaml: expected UTF-8 text, got other bytes"]);
    expect(await problems("long.yaml")).toEqual([
      "long.yaml: expected a file of at most 1048576 bytes, got more than 1048576 bytes",
    ]);
    expect(await problems("no.yaml")).toEqual([
      "no.yaml: expected a file of at most 1048576 bytes, got no permission to read it (EACCES)",
    ]);
    expect(await problems("none.yaml")).toEqual([
      "none.yaml: expected a file or a directory, got nothing there (ENOENT)",
    ]);
  });

  test("takes a byte order mark and Windows line ends", async () => {
    const snapshot = await loadText("\uFEFFlog:\r\n  level: warn\r\n");
    expect(snapshot.log.level).toBe("warn");
    expect(await problemsOf("\uFEFFlog:\r\n  level: wran\r\n")).toEqual([
      'config.yaml:2:10: log.level: expected one of debug, info, warn, error, got "wran"; did you mean "warn"?',
    ]);
  });
});

describe("a config directory", () => {
  const load = (files: Readonly<Record<string, string>>) => loadSnapshot(optionsFor("conf", { files }));

  test("merges its files section by section and entry by entry", async () => {
    const snapshot = await load({
      "conf/10-providers.yaml": "providers: { demo: {} }\nlimits: { max_concurrent: 3 }\n",
      "conf/20-more.yml": "providers: { other: { provider: demo } }\nlimits: { max_headers: 9 }\n",
      "conf/30-models.yaml": "models: { m: { deployments: [{ provider: other, model: m }] } }\n",
      "conf/notes.txt": "not yaml: [",
      "conf/..2026_01_01/10-providers.yaml": "broken: [",
      "conf/.hidden.yaml": "broken: [",
    });
    expect([...snapshot.providers.keys()]).toEqual(["demo", "other"]);
    expect(snapshot.limits).toMatchObject({ maxConcurrent: 3, maxHeaders: 9 });
    expect(snapshot.models.get("m")?.deployments[0]?.provider.name).toBe("other");
  });

  test("refuses a key that is in two files, with both places", async () => {
    const problems = await problemsIn(() =>
      load({
        "conf/a.yaml": "providers:\n  demo: {}\nstream_usage: true\n",
        "conf/b.yaml": "stream_usage: true\nproviders:\n  x: { provider: demo }\n  demo: {}\n",
      }),
    );
    expect(problems).toEqual([
      "conf/b.yaml:1:1: stream_usage: expected every key once, it is already at conf/a.yaml:3:1",
      "conf/b.yaml:4:3: providers.demo: expected every key once, it is already at conf/a.yaml:2:3",
    ]);
  });

  test("does not merge below an entry", async () => {
    const problems = await problemsIn(() =>
      load({
        "conf/a.yaml": "providers: { demo: { max_concurrent: 3 } }\n",
        "conf/b.yaml": "providers: { demo: { timeouts: { idle: 1s } } }\n",
      }),
    );
    expect(problems).toEqual([
      "conf/b.yaml:1:14: providers.demo: expected every key once, it is already at conf/a.yaml:1:14",
    ]);
  });

  test("names the file of every problem, and does not call names unknown that a broken file may define", async () => {
    const problems = await problemsIn(() =>
      load({
        "conf/a.yaml": "models: { m: { deployments: [{ provider: demo, model: m }] } }\nlog: { level: x }\n",
        "conf/b.yaml": "providers: { demo: {}\n",
      }),
    );
    expect(problems.map((line) => line.split(" ")[0])).toEqual(["conf/a.yaml:2:15:", "conf/b.yaml:2:1:"]);
  });

  test("without any YAML file is a problem", async () => {
    expect(await problemsIn(() => load({ "conf/readme.txt": "" }))).toEqual([
      "conf: expected *.yaml files in the directory, got none",
    ]);
  });

  test("with too many files is a problem", async () => {
    const files = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`conf/${index}.yaml`, "log: {}\n"]));
    expect(await problemsIn(() => load(files))).toEqual([
      "conf: expected at most 256 *.yaml files in the directory, got 257",
    ]);
  });
});

describe("no config file at all", () => {
  test("takes every known provider whose usual variable is set and not empty", async () => {
    const env = { OPENAI_API_KEY: "sk-example", ANTHROPIC_API_KEY: "", AZURE_API_KEY: "needs a base_url" };
    const snapshot = await loadSnapshot(optionsFor(null, { env }));
    expect([...snapshot.providers.keys()]).toEqual(["openai"]);
    expect(headerOf(snapshot.providers.get("openai"))?.value.reveal()).toBe("Bearer sk-example");
    expect(snapshot.models.size).toBe(0);
  });

  test("with no variable set has no provider and says so", async () => {
    const snapshot = await loadSnapshot(optionsFor(null));
    expect(snapshot.providers.size).toBe(0);
    expect(snapshot.warnings).toHaveLength(1);
  });

  test("names the variable, not the value, when a key is broken", async () => {
    const problems = await problemsIn(() =>
      loadSnapshot(optionsFor(null, { env: { OPENAI_API_KEY: "sk-\nexample" } })),
    );
    expect(problems).toEqual([
      "environment:2:24: providers.openai.api_key: expected characters that a header can carry, got a line break at position 4",
    ]);
  });

  test("merges texts that come from the program itself", async () => {
    const inline = [{ name: "(demo)", text: "providers: { demo: {} }\nlisten: { unix: null }\n" }];
    const snapshot = await loadSnapshot({ ...optionsFor(null, { env: { OPENAI_API_KEY: "k" } }), inline });
    expect([...snapshot.providers.keys()]).toEqual(["openai", "demo"]);
    expect(snapshot.listen.unix).toBeNull();
  });
});

describe("the environment", () => {
  test("fills texts anywhere in a value, and $${ stands for itself", async () => {
    const snapshot = await loadText(
      'providers: { demo: { base_url: "http://${HOST}:${PORT}/v1", headers: { x-a: "$${HOST} $HOST" } } }\n',
      { env: { HOST: "example.com", PORT: "8080" } },
    );
    expect(snapshot.providers.get("demo")?.origin).toMatchObject({ host: "example.com", port: 8080 });
    expect(snapshot.providers.get("demo")?.headers).toEqual([["x-a", "${HOST} $HOST"]]);
  });

  test("stands for numbers, sizes and booleans where they belong, unquoted", async () => {
    const env = { COUNT: "12", BYTES: "8192", USAGE: "false", SIZE: "8KiB" };
    const snapshot = await loadText(
      "limits:\n  max_concurrent: ${COUNT}\n  max_head_bytes: ${BYTES}\n  max_pending_bytes: ${SIZE}\nstream_usage: ${USAGE}\n",
      { env },
    );
    expect(snapshot.limits).toMatchObject({ maxConcurrent: 12, maxHeadBytes: 8_192 });
    expect(snapshot.pool.maxReadBytes).toBe(8_192);
    expect(snapshot.streamUsage).toBe(false);
    expect(await problemsOf('limits:\n  max_concurrent: "${COUNT}"\n', { env })).toEqual([
      'config.yaml:2:19: limits.max_concurrent: expected an integer between 1 and 1000000, got what "${COUNT}" stands for',
    ]);
  });

  test("stands for amounts with decimals where they belong, and only there", async () => {
    const text = (key: string) =>
      `providers:\n  demo:\n    ${key}: ${"${N}"}\n    budget:\n      per: 1h\n      usd: ${"${N}"}\n`;
    const { providers } = await loadText(text("max_concurrent").replace("${N}", "1"), { env: { N: "2.5" } });
    expect(providers.get("demo")?.budget).toEqual({ usd: 2.5, windowMs: 3_600_000 });
    expect(await problemsOf(text("max_concurrent"), { env: { N: "2.5" } })).toEqual([
      'config.yaml:3:21: providers.demo.max_concurrent: expected an integer between 1 and 1000000, got what "${N}" stands for',
    ]);
  });

  test("a text of digits stays a text", async () => {
    const snapshot = await loadText("providers:\n  openai:\n    api_key: ${KEY}\n", { env: { KEY: "12345" } });
    expect(headerOf(snapshot.providers.get("openai"))?.value.reveal()).toBe("Bearer 12345");
  });

  test("is not expanded twice", async () => {
    const snapshot = await loadText('providers: { openai: { api_key: "${A}" } }\n', { env: { A: "${B}", B: "no" } });
    expect(headerOf(snapshot.providers.get("openai"))?.value.reveal()).toBe("Bearer ${B}");
  });
});

describe("secrets", () => {
  const CANARY = "canary-7f3a";

  test("come from files, without the line break at their end", async () => {
    const { snapshot, secretPaths } = await loadConfig({
      ...optionsFor("/etc/llmux/config.yaml"),
      files: memoryFiles({
        "/etc/llmux/config.yaml": "providers: { openai: { api_key: { file: keys/openai } } }\n",
        "/etc/llmux/keys/openai": "sk-example\r\n",
      }),
    });
    expect(headerOf(snapshot.providers.get("openai"))?.value.reveal()).toBe("Bearer sk-example");
    expect(secretPaths).toEqual(["/etc/llmux/keys/openai"]);
  });

  test("change the content's hash", async () => {
    const text = "providers: { openai: { api_key: { file: /k } } }\n";
    const one = await loadText(text, { files: { "/k": "one" } });
    const two = await loadText(text, { files: { "/k": "two" } });
    expect(two.contentHash).not.toBe(one.contentHash);
  });

  test("are kept from every way of printing a snapshot", async () => {
    const snapshot = await loadText(
      'providers: { openai: { api_key: "${KEY}", proxy: "http://u:canary-7f3a@example.com:1" } }\n',
      { env: { KEY: CANARY } },
    );
    const seen = [
      Bun.inspect(snapshot, { depth: 20 }),
      JSON.stringify([...snapshot.providers]),
      `${snapshot.warnings}`,
    ];
    expect(seen.join("\n")).not.toContain(CANARY);
  });

  test("a file that cannot be used is a problem where it is named", async () => {
    const files = {
      "/empty": "\n\n",
      "/no": null,
      "/bytes": new Uint8Array([0xc3, 0x28]),
      "/long": "x".repeat(1_048_577),
    };
    const text = ["empty", "no", "bytes", "long", "none"]
      .map((name) => `  ${name}: { provider: openai, api_key: { file: /${name} } }\n`)
      .join("");
    expect(await problemsOf(`providers:\n${text}`, { files })).toEqual([
      'config.yaml:2:47: providers.empty.api_key.file: expected a text in "/empty", got an empty file',
      'config.yaml:3:44: providers.no.api_key.file: expected a file of at most 1048576 bytes at "/no", got no permission to read it (EACCES)',
      'config.yaml:4:47: providers.bytes.api_key.file: expected UTF-8 text in "/bytes", got other bytes',
      'config.yaml:5:46: providers.long.api_key.file: expected a file of at most 1048576 bytes at "/long", got more than 1048576 bytes',
      'config.yaml:6:46: providers.none.api_key.file: expected a file of at most 1048576 bytes at "/none", got nothing there (ENOENT)',
    ]);
  });

  /** Configs that are wrong around a secret; no message may hold it, nor anything of a place that may. */
  const WRONG: readonly (readonly [name: string, text: string])[] = [
    ["a control character in it", `providers: { openai: { api_key: "${CANARY}\\u0001" } }`],
    ["a line break in a file", "providers: { openai: { api_key: { file: /secret } } }"],
    ["a character that no header has", `providers: { openai: { api_key: "${CANARY}\\u20ac" } }`],
    ["spaces around it", `providers: { openai: { api_key: " ${CANARY}" } }`],
    ["from the environment, at a wrong place", "log: { level: '${SECRET}' }"],
    ["a part of a text", "listen: { http: 'x${SECRET}' }"],
    ["a key where a map belongs", `providers: { openai: ${CANARY} }`],
    ["a key where a list belongs", `providers: { openai: { api_keys: ${CANARY} } }`],
    ["a key inside of a map", `providers: { openai: { api_key: { ${CANARY}: x } } }`],
    ["a key beside file", `providers: { openai: { api_key: { file: /secret, ${CANARY}: x } } }`],
    ["a list of a map", `providers: { openai: { api_keys: [{ fil: ${CANARY} }] } }`],
    ["a URL with a password", `providers: { demo: { base_url: "https://u:${CANARY}@example.com:99999999" } }`],
    ["a URL with a query", `providers: { demo: { base_url: "https://example.com?key=${CANARY}" } }`],
    ["a URL without a scheme", `providers: { demo: { base_url: "${CANARY}" } }`],
    ["a proxy with a password", `providers: { demo: { proxy: "http://u:${CANARY}@:1" } }`],
    ["a header's value", `providers: { demo: { headers: { x-a: ["${CANARY}"] } } }`],
    ["a private key", `providers: { openai: { api_key: k, tls: { cert: ${CANARY}, key: ${CANARY} } } }`],
    ["below an unknown key", `providers: { openai: { apikey: ${CANARY} } }`],
    ["a text that is not closed", `providers: { openai: { api_key: "${CANARY} } }`],
    ["a colon that YAML takes for a key", `providers:\n  openai:\n    api_key: ${CANARY}: ${CANARY}`],
    ["an alias", `providers: { openai: { api_key: *${CANARY} } }`],
    ["a tag", `providers: { openai: { api_key: !${CANARY} x } }`],
    ["a key where its hash belongs", `keys: [{ name: a, sha256: ${CANARY} }]`],
    ["a key where its hash belongs, in a list", `keys: [{ name: a, sha256: [${CANARY}] }]`],
    ["a key where its hash belongs, from the environment", "keys: [{ name: a, sha256: 'x${SECRET}' }]"],
    ["keys as a list of texts", `keys: [${CANARY}]`],
    ["keys by name", `keys: { shop: ${CANARY} }`],
    ["one key alone", `keys: ${CANARY}`],
    ["a key beside its name", `keys: [{ name: a, key: ${CANARY} }]`],
  ];
  for (const [name, text] of WRONG) {
    test(`appear in no message: ${name}`, async () => {
      const problems = await problemsOf(`${text}\n`, {
        env: { SECRET: CANARY },
        files: { "/secret": `${CANARY}\nsecond line\n` },
      });
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.join("\n")).not.toContain(CANARY);
    });
  }
});

test("every definition of the tests can be configured", async () => {
  const entries = [...DEFINITIONS.values()].map(({ id, baseUrl, credential, isKeyOptional }) => {
    const url = baseUrl === null ? ", base_url: https://example.com" : "";
    const key = credential === null || isKeyOptional === true ? "" : ", api_key: sk-example";
    return `  x-${id}: { provider: ${id}${url}${key} }\n`;
  });
  expect((await loadText(`providers:\n${entries.join("")}`)).providers.size).toBe(DEFINITIONS.size);
});
