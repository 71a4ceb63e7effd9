import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chatCompletion } from "../instruments/answers.ts";
import { testCertificates, type Certificate } from "../instruments/certificates.ts";
import * as faults from "../instruments/faults.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import { RawClient, writePost } from "../instruments/raw-client.ts";
import { startGatewayProcess } from "../instruments/start-gateway.ts";
import { until } from "../instruments/until.ts";
import { findClosedPort, startUpstream, type Upstream } from "../instruments/upstream.ts";
import { answerRequest, PROVIDER_KEY, Stage, writeChat, type StageOptions } from "../gateway/stage.ts";
import { startFakeProxy, type FakeProxy, type ProxyOptions } from "./fake-proxy.ts";

const { caPem, server, stranger, otherName } = testCertificates();

/** The name is nobody's: only the proxy knows the way. */
const BASE_URL = "https://other.example.com/v1";

type Tunnelled = { readonly stage: Stage; readonly proxy: FakeProxy; readonly behind: Upstream };

/** A provider behind TLS that is reached through a proxy named by the environment. */
async function withProxy(
  options: Partial<ProxyOptions> & { readonly userInfo?: string; readonly certificate?: Certificate },
  run: (tunnelled: Tunnelled) => Promise<void>,
): Promise<void> {
  const behind = startUpstream({ respond: answerRequest, tls: options.certificate ?? otherName });
  const proxy = await startFakeProxy({ toPort: behind.port, ...options });
  const userInfo = options.userInfo === undefined ? "" : `${options.userInfo}@`;
  const stage: StageOptions = {
    baseUrl: () => BASE_URL,
    provider: { tls: { ca: caPem } },
    env: { HTTPS_PROXY: `http://${userInfo}127.0.0.1:${proxy.port}` },
  };
  try {
    await Stage.with(stage, async (open) => run({ stage: open, proxy, behind }));
  } finally {
    proxy.stop();
    behind.stop();
  }
}

/** The provider failed because of the proxy, and nothing secret is told. */
async function expectProxyFailure(stage: Stage, status = 502, type = "proxy"): Promise<string> {
  const answer = await stage.answer();
  expect(answer.status).toBe(status);
  expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: type })).toBe(1);
  const logs = stage.gateway.logs.join("\n");
  for (const secret of [PROVIDER_KEY, "pa:ss", "cGE6c3M", "ss@"]) {
    expect(logs).not.toContain(secret);
    expect(answer.text).not.toContain(secret);
  }
  return answer.text;
}

describe("an https provider behind a proxy", () => {
  test("is reached through CONNECT, and the proxy sees nothing but that", async () => {
    await withProxy({}, async ({ stage, proxy }) => {
      expect((await stage.answer()).text).toContain("Hello.");
      expect(proxy.heads).toEqual(["CONNECT other.example.com:443 HTTP/1.1\r\nhost: other.example.com:443\r\n\r\n"]);
      const seen = proxy.bytes().toString("latin1");
      for (const secret of [PROVIDER_KEY, "chat/completions", "Bearer"]) expect(seen).not.toContain(secret);
    });
  });

  test("keeps its tunnel for the next request", async () => {
    await withProxy({}, async ({ stage, proxy }) => {
      for (let round = 0; round < 3; round++) expect((await stage.answer()).status).toBe(200);
      expect(proxy.heads.length).toBe(1);
    });
  });

  test("gets the proxy's credentials to the proxy alone", async () => {
    await withProxy({ userInfo: "user:pa%3Ass" }, async ({ stage, proxy }) => {
      expect((await stage.answer()).status).toBe(200);
      const encoded = Buffer.from("user:pa:ss").toString("base64");
      expect(proxy.heads[0]).toContain(`proxy-authorization: Basic ${encoded}\r\n`);
      expect(stage.gateway.logs.join("\n")).not.toContain(encoded);
    });
  });

  test("is checked by its own name, not by the proxy's", async () => {
    // A certificate that is good for the proxy's own address, shown by whoever sits behind it.
    await withProxy({ certificate: server }, async ({ stage, behind }) => {
      await expectProxyFailure(stage, 502, "tls");
      expect(behind.requests.length).toBe(0);
    });
  });

  test("with a certificate of an unknown authority is refused", async () => {
    await withProxy({ certificate: stranger }, async ({ stage, behind }) => {
      await expectProxyFailure(stage, 502, "tls");
      expect(behind.requests.length).toBe(0);
    });
  });

  const refusals: readonly (readonly [what: string, options: Partial<ProxyOptions>, says: string])[] = [
    [
      "refuses with 407",
      {
        answer: "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n",
      },
      "status 407",
    ],
    ["refuses with 403", { answer: "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno" }, "status 403"],
    ["answers with garbage", { answer: "SSH-2.0-OpenSSH_9.2\r\n\r\n" }, "malformed"],
    ["closes without an answer", { answer: null, closes: true }, "closed the connection"],
    ["speaks before TLS does", { answer: "HTTP/1.1 200 OK\r\n\r\nsurprise" }, "bytes after its answer"],
    ["answers with a head without end", { answer: `HTTP/1.1 200 OK\r\nx: ${"a".repeat(100_000)}` }, "malformed"],
  ];
  for (const [what, options, says] of refusals) {
    test(`fails clearly where the proxy ${what}`, async () => {
      await withProxy({ ...options, userInfo: "user:pa%3Ass" }, async ({ stage, proxy }) => {
        expect(await expectProxyFailure(stage)).toContain(says);
        await until("the proxy to be let go", () => proxy.openTunnels === 0);
      });
    });
  }

  test("fails clearly where the proxy is down", async () => {
    const env = { HTTPS_PROXY: `http://user:pa%3Ass@127.0.0.1:${findClosedPort()}` };
    await Stage.with({ baseUrl: () => BASE_URL, env }, async (stage) => {
      expect(await expectProxyFailure(stage)).toContain("the proxy could not be reached");
    });
  });

  test("times out in connecting where the proxy says nothing", async () => {
    await withProxy({ answer: null }, async ({ stage, proxy }) => {
      await stage.reload({ config: { defaults: { timeouts: { connect: "200ms" } } } });
      await expectProxyFailure(stage, 504, "timeout_connect");
      await until("the proxy to be let go", () => proxy.openTunnels === 0);
    });
  });

  test("is let go through the tunnel when the caller leaves", async () => {
    await withProxy({}, async ({ stage, proxy, behind }) => {
      behind.respond = () => faults.blackhole();
      const caller = await stage.ask();
      await behind.waitForRequests(1);
      caller.close();
      await until("the tunnel to be closed", () => proxy.openTunnels === 0);
      await behind.waitForNoConnections();
    });
  });

  test("sends a large answer through the tunnel whole, and the gateway keeps nothing of it", async () => {
    const body = Buffer.alloc(48 * 1024 * 1024, "0123456789abcdef");
    const headers = [
      ["content-type", "audio/mpeg"],
      ["content-length", String(body.length)],
    ] as const;
    const behind = startUpstream({
      respond: () => [
        { kind: "head", status: 200, headers },
        { kind: "bytes", data: body },
      ],
      tls: otherName,
    });
    const proxy = await startFakeProxy({ toPort: behind.port });
    const entry = { provider: "openai-compatible", base_url: BASE_URL, tls: { ca: caPem } };
    const gateway = await startGatewayProcess({
      config: `providers: { fake: ${JSON.stringify(entry)} }\n`,
      env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` },
    });
    try {
      const before = gateway.residentBytes();
      const caller = await RawClient.connect({ kind: "tcp", port: gateway.httpPort });
      await caller.send(writePost("/v1/audio/speech", '{"model":"fake/x"}'));
      expect(Bun.hash((await caller.readAnswer()).body)).toBe(Bun.hash(body));
      // The tunnel is idle now, and its socket still gets every encrypted byte beside the decrypted ones.
      expect(gateway.residentBytes() - before).toBeLessThan(body.length);
      caller.close();
    } finally {
      await gateway.stop();
      proxy.stop();
      behind.stop();
    }
  });

  test("over an https:// proxy is refused with what to do instead: Bun has no TLS inside TLS", async () => {
    const proxy = startUpstream({ respond: answerRequest, tls: server });
    try {
      await Stage.with(
        { baseUrl: () => BASE_URL, env: { HTTPS_PROXY: `https://localhost:${proxy.port}` } },
        async (stage) => {
          expect(await expectProxyFailure(stage)).toContain("use an http:// proxy");
          expect(proxy.totalConnections).toBe(0);
        },
      );
    } finally {
      proxy.stop();
    }
  });
});

describe("an http provider behind a proxy", () => {
  const baseUrl = () => "http://api.example.com:8080/v1";

  /** The proxy is asked in absolute form and answers by itself. */
  async function withPlainProxy(
    userInfo: string,
    run: (stage: Stage, proxy: Upstream) => Promise<void>,
  ): Promise<void> {
    const proxy = startUpstream({ respond: answerRequest });
    const env = { http_proxy: `http://${userInfo}127.0.0.1:${proxy.port}` };
    try {
      await Stage.with({ baseUrl, env }, (stage) => run(stage, proxy));
    } finally {
      proxy.stop();
    }
  }

  test("is asked for in absolute form, with its own Host", async () => {
    await withPlainProxy("", async (stage, proxy) => {
      expect((await stage.answer()).text).toContain("Hello.");
      const { message } = proxy.lastRequest;
      expect(message.target).toBe("http://api.example.com:8080/v1/chat/completions");
      expect(message.header("host")).toBe("api.example.com:8080");
      expect(message.header("proxy-authorization")).toBeNull();
    });
  });

  test("gets the proxy's credentials with every request", async () => {
    await withPlainProxy("user:pa%3Ass@", async (stage, proxy) => {
      for (let round = 0; round < 2; round++) {
        expect((await stage.answer()).status).toBe(200);
        const encoded = Buffer.from("user:pa:ss").toString("base64");
        expect(proxy.lastRequest.message.header("proxy-authorization")).toBe(`Basic ${encoded}`);
      }
      expect(proxy.totalConnections).toBe(1);
    });
  });

  test("does not get a caller's Proxy-Authorization", async () => {
    await withPlainProxy("", async (stage, proxy) => {
      await stage.answer({}, { headers: [["proxy-authorization", "Basic Y2FsbGVyOng="]] });
      expect(proxy.lastRequest.message.header("proxy-authorization")).toBeNull();
    });
  });

  test("is reached over TLS through an https:// proxy, whose certificate is checked", async () => {
    const proxy = startUpstream({ respond: answerRequest, tls: server });
    const folder = mkdtempSync(join(tmpdir(), "llmux-test-"));
    writeFileSync(join(folder, "ca.pem"), caPem);
    const entry = { provider: "openai-compatible", base_url: baseUrl(), proxy: `https://localhost:${proxy.port}` };
    const config = `providers: { fake: ${JSON.stringify(entry)} }\n`;
    try {
      // Authorities for a proxy are the process's own: the system's, and what this variable adds.
      for (const [env, status] of [
        [{ NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") }, 200],
        [{}, 502],
      ] as const) {
        const gateway = await startGatewayProcess({ config, env });
        const caller = await RawClient.connect({ kind: "tcp", port: gateway.httpPort });
        await caller.send(writeChat({ model: "fake/x" }));
        expect((await caller.readAnswer()).status).toBe(status);
        caller.close();
        await gateway.stop();
      }
      expect(proxy.requests.map(({ message }) => message.target)).toEqual([`${baseUrl()}/chat/completions`]);
    } finally {
      proxy.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("who goes through a proxy", () => {
  const proxied = { HTTP_PROXY: "http://127.0.0.1:1", HTTPS_PROXY: "http://127.0.0.1:1" };

  test("a provider on loopback or on a Unix socket never does by the environment's word", async () => {
    await Stage.with({ env: proxied }, async (stage) => {
      expect((await stage.answer()).status).toBe(200);
    });
  });

  test("one that NO_PROXY names does not", async () => {
    const options: StageOptions = {
      baseUrl: () => "http://no-such-host.invalid/v1",
      env: { ...proxied, NO_PROXY: "example.com,.invalid" },
    };
    await Stage.with(options, async (stage) => {
      expect((await stage.answer()).status).toBe(502);
      expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "dns" })).toBe(1);
    });
  });

  test("one whose entry says proxy: null does not", async () => {
    const options: StageOptions = {
      baseUrl: () => "http://no-such-host.invalid/v1",
      env: proxied,
      provider: { proxy: null },
    };
    await Stage.with(options, async (stage) => {
      expect((await stage.answer()).status).toBe(502);
      expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "dns" })).toBe(1);
    });
  });

  test("one whose entry names a proxy does, wherever it is", async () => {
    const proxy = startUpstream({ respond: () => chatCompletion({ content: "from the proxy" }) });
    try {
      await Stage.with({ provider: { proxy: `http://127.0.0.1:${proxy.port}` } }, async (stage) => {
        expect((await stage.answer()).text).toContain("from the proxy");
        expect(proxy.lastRequest.message.target).toBe(`${stage.upstream.origin}/v1/chat/completions`);
      });
    } finally {
      proxy.stop();
    }
  });
});
