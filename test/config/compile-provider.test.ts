import { describe, expect, test } from "bun:test";
import { loadSnapshot } from "../../src/config/load.ts";
import { GatewayError } from "../../src/errors.ts";
import { defineProvider } from "../../src/provider/define.ts";
import { testCertificates } from "../instruments/certificates.ts";
import { headerOf, loadText, optionsFor, problemsIn, problemsOf } from "./fixtures.ts";

const { caPem, server, client } = testCertificates();

const withTls = (tls: string): string => `providers: { openai: { api_key: k, tls: ${tls} } }\n`;
const FILES = {
  "/ca": caPem,
  "/cert": client.certPem,
  "/key": client.keyPem,
  "/other-key": server.keyPem,
  "/broken": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
};

describe("TLS of a provider", () => {
  test("takes PEM from files and in place", async () => {
    const snapshot = await loadText(
      withTls(`{ ca: ${JSON.stringify(caPem)}, cert: { file: /cert }, key: { file: /key }, server_name: example.com }`),
      { files: FILES },
    );
    const tls = snapshot.providers.get("openai")?.tls;
    expect(tls).toMatchObject({ caPem, certPem: client.certPem.trimEnd(), serverName: "example.com", verify: true });
    expect(tls?.keyPem?.reveal()).toBe(client.keyPem.trimEnd());
    expect(Bun.inspect(tls)).not.toContain("PRIVATE KEY");
  });

  test.each([
    ["{ cert: { file: /cert } }", "providers.openai.tls: expected key beside cert, got cert alone"],
    ["{ key: { file: /key } }", "providers.openai.tls: expected cert beside key, got key alone"],
    ["{ ca: { file: /key } }", "tls.ca: expected PEM text with a valid certificate, got something else"],
    ["{ ca: { file: /broken } }", "tls.ca: expected PEM text with a valid certificate, got something else"],
    [
      "{ cert: { file: /cert }, key: { file: /cert } }",
      "tls.key: expected PEM text with an unencrypted private key, got something else",
    ],
    [
      "{ cert: { file: /cert }, key: { file: /other-key } }",
      "tls.key: expected the private key of cert, got the key of another certificate",
    ],
  ])("refuses %s", async (tls, message) => {
    const problems = await problemsOf(withTls(tls), { files: FILES });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });
});

describe("a provider's pool key", () => {
  const keyOf = async (entry: string, files: Readonly<Record<string, string>> = FILES): Promise<string> => {
    const text = `providers: { p: { provider: openai-compatible, ${entry} } }\n`;
    return (await loadText(text, { files })).providers.get("p")?.poolKey ?? "";
  };
  const base = "base_url: https://example.com/v1";

  test("stays when nothing of the connection changes", async () => {
    const key = await keyOf(base);
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(await keyOf(`${base}, api_key: other, max_concurrent: 3, timeouts: { idle: 1s }`)).toBe(key);
    expect(await keyOf("base_url: https://example.com/v2")).toBe(key);
  });

  test.each([
    "base_url: http://example.com/v1",
    "base_url: https://example.com:444/v1",
    "base_url: https://example.org/v1",
    "base_url: unix:/run/x.sock",
    `${base}, proxy: http://proxy:1`,
    `${base}, proxy: http://u:p@proxy:1`,
    `${base}, tls: { verify: false }`,
    `${base}, tls: { server_name: other }`,
    `${base}, tls: { ca: { file: /ca } }`,
    `${base}, tls: { cert: { file: /cert }, key: { file: /key } }`,
  ])("changes with the connection: %s", async (entry) => {
    expect(await keyOf(entry)).not.toBe(await keyOf(base));
  });

  test("changes with what is in the files", async () => {
    const entry = `${base}, tls: { ca: { file: /ca } }`;
    expect(await keyOf(entry, { "/ca": server.certPem })).not.toBe(await keyOf(entry));
  });
});

describe("a provider's credential", () => {
  test("is the first of several, and every one is checked", async () => {
    const snapshot = await loadText("providers: { openai: { api_keys: [one, { file: /two }] } }\n", {
      files: { "/two": "2" },
    });
    expect(headerOf(snapshot.providers.get("openai"))?.value.reveal()).toBe("Bearer one");
    expect(await problemsOf('providers: { openai: { api_keys: [one, "t wo\\u0000"] } }\n')).toEqual([
      "config.yaml:1:40: providers.openai.api_keys[1]: expected characters that a header can carry, got a control character at position 5",
    ]);
  });

  test("is optional where the provider says so", async () => {
    const text = "providers: { p: { provider: openai-compatible, base_url: http://localhost:1, api_key: k } }\n";
    const credential = headerOf((await loadText(text)).providers.get("p"));
    expect(credential?.header).toBe("authorization");
    expect(credential?.value.reveal()).toBe("Bearer k");
  });

  test("of the environment is not sent to another place than the provider's own", async () => {
    const problems = await problemsOf("providers: { openai: { base_url: https://elsewhere.example.com } }\n", {
      env: { OPENAI_API_KEY: "sk-example" },
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("expected api_key");
  });
});

describe("an API that no definition of the provider names", () => {
  test("still carries what every request of it must", async () => {
    const entry =
      "{ provider: openai-compatible, base_url: http://127.0.0.1:9, dialects: [anthropic-messages, openai-chat] }";
    const { providers } = await loadText(`providers: { own: ${entry} }\n`);
    expect(providers.get("own")?.surfaces.map(({ dialect, headers }) => [dialect, headers])).toEqual([
      ["anthropic-messages", [["anthropic-version", "2023-06-01"]]],
      ["openai-chat", []],
    ]);
  });
});

describe("what a definition says of settings", () => {
  const definition = defineProvider({
    id: "cloud",
    name: "Test",
    baseUrl: "https://{region}-api.example.com",
    regionalBaseUrls: { global: "https://api.example.com" },
    baseUrlEnv: "CLOUD_ENDPOINT",
    surfaces: [{ dialect: "openai-chat", body: { project_id: "{project}", model_id: "{model}", model: null, n: 1 } }],
    credential: { header: "authorization", scheme: "Bearer", env: [] },
    makeAuthorizer: ({ apiKey }) => {
      if (apiKey?.reveal() === "canary") throw new GatewayError("upstream_error", "expected another key.");
      return { authorize: () => [], invalidate: () => {} };
    },
    settings: [
      { key: "region", env: ["CLOUD_REGION"], default: "global", expected: "a region" },
      { key: "project", env: [], default: null, expected: "a project" },
    ],
    source: "test",
  });
  const load = async (entry: string, env: Readonly<Record<string, string>> = {}) =>
    (
      await loadSnapshot({
        ...optionsFor("config.yaml", { env, files: { "config.yaml": `providers: { cloud: ${entry} }\n` } }),
        definitions: new Map([["cloud", definition]]),
      })
    ).providers.get("cloud");

  test("fills URLs and bodies, with other hosts for some regions", async () => {
    const regional = await load("{ api_key: k, project: p-1, region: eu-1 }");
    expect(regional?.origin.hostHeader).toBe("eu-1-api.example.com");
    expect(regional?.surfaces[0]?.body).toEqual({ project_id: "p-1", model_id: "{model}", model: null, n: 1 });
    expect((await load("{ api_key: k, project: p-1 }"))?.origin.hostHeader).toBe("api.example.com");
    const named = "{ api_key: k, project: p-1, base_url: https://elsewhere.example.com }";
    expect((await load(named))?.origin.hostHeader).toBe("elsewhere.example.com");
  });

  test("an address of the environment without a scheme is called as the provider's own is", async () => {
    const origin = (await load("{ api_key: k, project: p-1 }", { CLOUD_ENDPOINT: "gateway.example.com" }))?.origin;
    expect([origin?.hostHeader, origin?.tls]).toEqual(["gateway.example.com", true]);
  });

  test("a key that its authorizer refuses is a problem of the config, told once", async () => {
    const problems = async (entry: string) => problemsIn(() => load(entry));
    expect(await problems("{ api_keys: [k, canary], project: p-1 }")).toEqual([
      "config.yaml:1:37: providers.cloud.api_keys[1]: expected another key.",
    ]);
    expect(await problems("{ api_key: canary }")).toEqual([
      "config.yaml:1:14: providers.cloud.project: expected a project, got nothing",
    ]);
  });
});

describe("what a provider may be given to do", () => {
  const load = async (entry: string) => loadText(`providers: { demo: {${entry}} }\n`);
  const providerOf = async (entry: string) => (await load(entry)).providers.get("demo");

  test("is bounded by default in its retries alone", async () => {
    expect(await providerOf("")).toMatchObject({
      maxInFlightTokens: null,
      adaptive: null,
      retryBudget: { share: 0.2, minPerSecond: 10 },
      budget: null,
      rateLimitHeaders: [],
    });
  });

  test("takes every bound", async () => {
    const provider = await providerOf(
      "max_in_flight_tokens: 9, adaptive_concurrency: { min: 2, max: 20 }, retry_budget: { share: 5%, min_per_second: 0 }, budget: { usd: 2.5, per: 1h }",
    );
    expect(provider).toMatchObject({
      maxInFlightTokens: 9,
      adaptive: { min: 2, max: 20 },
      retryBudget: { share: 0.05, minPerSecond: 0 },
      budget: { usd: 2.5, windowMs: 3_600_000 },
    });
    expect(await providerOf("adaptive_concurrency: {}, retry_budget: { share: 5% }")).toMatchObject({
      adaptive: { min: 4, max: 200 },
      retryBudget: { share: 0.05, minPerSecond: 10 },
    });
    expect((await providerOf("adaptive_concurrency: null"))?.adaptive).toBeNull();
  });

  test("names the headers of its definition that tell when limits reset, in lower case", async () => {
    const { providers } = await loadText("providers: { openai: { api_key: k } }\n");
    expect(providers.get("openai")?.rateLimitHeaders).toEqual(["x-ratelimit-reset-requests"]);
  });

  test("cannot adapt between bounds that contradict each other", async () => {
    expect(await problemsOf("providers: { demo: { adaptive_concurrency: { min: 5, max: 4 } } }\n")).toEqual([
      "config.yaml:1:22: providers.demo.adaptive_concurrency: expected min to be at most max, got 5 and 4",
    ]);
    expect(
      await problemsOf("providers: { demo: { max_concurrent: 3, adaptive_concurrency: { min: 5, max: 9 } } }\n"),
    ).toEqual([
      "config.yaml:1:41: providers.demo.adaptive_concurrency: expected min to be at most max_concurrent, got 5 and 3",
    ]);
  });

  test("does not adapt beyond its fixed bound, and says so", async () => {
    const snapshot = await load("max_concurrent: 8, adaptive_concurrency: { min: 4, max: 9 }");
    expect(snapshot.providers.get("demo")?.adaptive).toEqual({ min: 4, max: 8 });
    expect(snapshot.warnings).toEqual([
      "providers.demo.adaptive_concurrency.max is 9, but max_concurrent is 8: 8 holds.",
    ]);
  });

  test.each(["max_concurrent: 8", "adaptive_concurrency: {}", "max_in_flight_tokens: 9"])(
    "may have a queue beside %s",
    async (bound) => {
      expect((await load(`queue: { size: 1, timeout: 1s }, ${bound}`)).warnings).toEqual([]);
    },
  );
});

describe("a credential's id", () => {
  const idsOf = async (text: string) => {
    const { providers } = await loadText(`providers: { ${text} }\n`);
    return [...providers.values()].flatMap(({ credentials }) => credentials.map(({ id }) => id));
  };

  test("stays while the credential does, and changes with it", async () => {
    const [first = ""] = await idsOf("openai: { api_key: one }");
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await idsOf("openai: { api_keys: [two, one], max_concurrent: 3 }")).toEqual([expect.any(String), first]);
    expect(await idsOf("openai: { api_key: two }")).not.toContain(first);
  });

  test("is another one for the same key at another entry: what one place refuses, another may take", async () => {
    const ids = await idsOf("openai: { api_key: one }, other: { provider: openai, api_key: one }");
    expect(new Set(ids).size).toBe(2);
  });

  test("says nothing of the key, and is not the key's own hash", async () => {
    const hash = new Bun.CryptoHasher("sha256").update("canary-key").digest("hex");
    const [id = ""] = await idsOf("openai: { api_key: canary-key }");
    expect(hash).not.toContain(id);
  });

  test("of an authorizer follows the key and the settings", async () => {
    const cloud = defineProvider({
      id: "cloud",
      name: "Test",
      baseUrl: "https://{region}.example.com",
      surfaces: [{ dialect: "openai-chat" }],
      credential: null,
      makeAuthorizer: () => ({ authorize: () => [], invalidate: () => {} }),
      isKeyOptional: true,
      settings: [{ key: "region", env: [], default: "eu", expected: "a region" }],
      source: "test",
    });
    const idOf = async (entry: string) => {
      const options = optionsFor("config.yaml", { files: { "config.yaml": `providers: { cloud: {${entry}} }\n` } });
      const { providers } = await loadSnapshot({ ...options, definitions: new Map([["cloud", cloud]]) });
      return providers.get("cloud")?.credentials[0]?.id;
    };
    const ids = await Promise.all(["", "api_key: k", "api_key: l", "api_key: k, region: us"].map(idOf));
    expect(new Set(ids).size).toBe(4);
    expect(await idOf("api_key: k, region: eu")).toBe(ids[1] as string);
  });
});

test("a credential that is there twice is a problem, and is not shown", async () => {
  expect(await problemsOf("providers: { openai: { api_keys: [canary, b, canary] } }\n")).toEqual([
    "config.yaml:1:46: providers.openai.api_keys[2]: expected every credential once, got one for the second time",
  ]);
});
