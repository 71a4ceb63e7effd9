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
