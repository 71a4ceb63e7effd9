import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chatCompletion, EVENT_STREAM } from "../instruments/answers.ts";
import { testCertificates, type Certificate } from "../instruments/certificates.ts";
import * as faults from "../instruments/faults.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import { until } from "../instruments/until.ts";
import { startUpstream, type Upstream } from "../instruments/upstream.ts";
import { answerRequest, Stage, type StageOptions } from "../gateway/stage.ts";

const { caPem, strangerCaPem, server, client, stranger, otherName, expired } = testCertificates();

/** A provider behind TLS with this certificate, and this `tls` entry for it. */
function behind(
  certificate: Certificate,
  tls: Record<string, unknown>,
  more: Partial<StageOptions> = {},
): StageOptions {
  return {
    upstream: { tls: certificate },
    provider: { tls },
    ...more,
  };
}

const byAddress: StageOptions["baseUrl"] = (upstream) => `https://127.0.0.1:${upstream.port}/v1`;

async function expectTrust(options: StageOptions): Promise<void> {
  await Stage.with(options, async (stage) => {
    const answer = await stage.answer();
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining("Hello.")]);
    expect(await sumMetric(stage.gateway, "llm_upstream_error_total")).toBe(0);
  });
}

/** Nothing of the request may reach a peer that has not proven who it is. */
async function expectDistrust(options: StageOptions): Promise<void> {
  await Stage.with(options, async (stage) => {
    const answer = await stage.answer();
    expect([answer.status, answer.json()]).toMatchObject([502, { error: { code: "upstream_error" } }]);
    expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "tls" })).toBe(1);
    expect(stage.upstream.requests.length).toBe(0);
    expect(stage.gateway.logs.join("\n")).not.toContain("PRIVATE KEY");
  });
}

describe("a provider's certificate", () => {
  test("signed by the configured authority is trusted", () => expectTrust(behind(server, { ca: caPem })));
  test("signed by one of several configured authorities is trusted", () =>
    expectTrust(behind(server, { ca: `${strangerCaPem}\n${caPem}` })));
  test("signed by nobody we know is refused", () => expectDistrust(behind(server, {})));
  test("signed by another authority than the configured one is refused", () =>
    expectDistrust(behind(server, { ca: strangerCaPem })));
  test("of an unknown authority is refused", () => expectDistrust(behind(stranger, { ca: caPem })));
  test("for another name is refused", () => expectDistrust(behind(otherName, { ca: caPem })));
  test("that has expired is refused", () => expectDistrust(behind(expired, { ca: caPem })));

  test("for an address is trusted where it names the address", () =>
    expectTrust(behind(server, { ca: caPem }, { baseUrl: byAddress })));
  test("for an address is refused where it does not", () =>
    expectDistrust(behind(otherName, { ca: caPem }, { baseUrl: byAddress })));

  test("is held against server_name where that is set", () =>
    expectTrust(behind(otherName, { ca: caPem, server_name: "other.example.com" })));
  test("for the host is refused where server_name is another", () =>
    expectDistrust(behind(server, { ca: caPem, server_name: "other.example.com" })));

  for (const [what, certificate] of [
    ["of an unknown authority", stranger],
    ["for another name", otherName],
    ["that has expired", expired],
  ] as const) {
    test(`${what} is taken where verify is false, as the config's warning says`, () =>
      expectTrust(behind(certificate, { verify: false })));
  }
});

describe("a provider that asks for a client certificate", () => {
  const upstream = { tls: { ...server, clientCaPem: caPem } };

  test("gets the configured one", () =>
    expectTrust({ upstream, provider: { tls: { ca: caPem, cert: client.certPem, key: client.keyPem } } }));

  test("gets none where none is configured, and refuses", async () => {
    await Stage.with({ upstream, provider: { tls: { ca: caPem } } }, async (stage) => {
      expect((await stage.answer()).status).toBe(502);
      expect(stage.upstream.requests.length).toBe(0);
    });
  });

  test("refuses one of an authority it does not know", async () => {
    const tls = { ca: caPem, cert: stranger.certPem, key: stranger.keyPem };
    await Stage.with({ upstream, provider: { tls } }, async (stage) => {
      expect((await stage.answer()).status).toBe(502);
      expect(stage.upstream.requests.length).toBe(0);
      expect(stage.gateway.logs.join("\n")).not.toContain("PRIVATE KEY");
    });
  });
});

describe("the ClientHello", () => {
  let listener: Upstream;
  beforeAll(() => {
    // Plain TCP: what the gateway says first can be read.
    listener = startUpstream({ respond: () => faults.blackhole(), planConnection: faults.handshakeSilence });
  });
  afterAll(() => listener.stop());

  async function readHello(baseUrl: string, tls: Record<string, unknown>): Promise<Buffer> {
    listener.forget();
    const options: StageOptions = { baseUrl: () => baseUrl, provider: { tls } };
    let hello = Buffer.alloc(0);
    await Stage.with(options, async (stage) => {
      const caller = await stage.ask();
      hello = await until("a ClientHello", () => {
        const received = Buffer.concat(listener.connections.at(-1)?.received ?? []);
        return received.length > 0 ? received : null;
      });
      caller.abort();
      await listener.waitForNoConnections();
    });
    return hello;
  }

  test("names the host (SNI) and asks for HTTP/1.1 alone (ALPN)", async () => {
    const hello = await readHello(`https://localhost:${listener.port}/v1`, { ca: caPem });
    expect(hello.includes("localhost")).toBe(true);
    expect(hello.includes("\x00\x09\x08http/1.1")).toBe(true);
    expect(hello.includes("\x02h2")).toBe(false);
  });

  test("names server_name where that is set", async () => {
    const hello = await readHello(`https://localhost:${listener.port}/v1`, { server_name: "other.example.com" });
    expect([hello.includes("other.example.com"), hello.includes("localhost")]).toEqual([true, false]);
  });
});

describe("over TLS", () => {
  const options = behind(server, { ca: caPem });

  test("connections are kept and used again", async () => {
    await Stage.with(options, async (stage) => {
      for (let round = 0; round < 3; round++) expect((await stage.answer()).status).toBe(200);
      expect(stage.upstream.totalConnections).toBe(1);
    });
  });

  test("connections with different TLS settings are not shared", async () => {
    await Stage.with(options, async (stage) => {
      const entry = (tls: object) => ({
        provider: "openai-compatible",
        base_url: `${stage.upstream.origin}/v1`,
        tls,
      });
      await stage.reload({
        providers: {
          twin: entry({ ca: caPem }),
          certified: entry({ ca: caPem, cert: client.certPem, key: client.keyPem }),
          careless: entry({ verify: false }),
          distrustful: entry({ ca: strangerCaPem }),
        },
      });
      for (const model of ["m", "twin/x", "certified/x", "careless/x"]) {
        expect((await stage.answer({ model })).status).toBe(200);
      }
      expect(stage.upstream.requests.map((request) => request.connection.id)).toEqual([0, 0, 1, 2]);
      // A connection somebody else has found trustworthy is no connection for who does not trust it.
      expect((await stage.answer({ model: "distrustful/x" })).status).toBe(502);
    });
  });

  for (const ending of ["fin", "rst"] as const) {
    test(`a pooled connection that ends with a ${ending} as the request arrives is replaced once`, async () => {
      await Stage.with(options, async (stage) => {
        await stage.answer();
        stage.upstream.respond = ({ indexOnConnection }) =>
          indexOnConnection > 0 ? [{ kind: ending }] : chatCompletion();
        expect((await stage.answer()).status).toBe(200);
        expect(stage.upstream.requests.map((request) => request.indexOnConnection)).toEqual([0, 1, 0]);
      });
    });
  }

  test("a stream arrives event by event and whole", async () => {
    await Stage.with(options, async (stage) => {
      const expected = (await stage.ask({ stream: true, stream_options: {} })).readAnswer();
      const answer = await expected;
      expect(answer.header("content-type")).toBe(EVENT_STREAM);
      expect(answer.chunks.length).toBeGreaterThan(3);
      expect(answer.text).toEndWith("data: [DONE]\n\n");
    });
  });

  test("a large body goes up and a large one comes down", async () => {
    await Stage.with(options, async (stage) => {
      const sent = "x".repeat(5 * 1024 * 1024);
      const answered = Buffer.alloc(20 * 1024 * 1024, "0123456789abcdef");
      stage.upstream.respond = () => [
        {
          kind: "head",
          status: 200,
          headers: [
            ["content-type", "audio/mpeg"],
            ["content-length", String(answered.length)],
          ],
        },
        { kind: "bytes", data: answered },
      ];
      const caller = await stage.connect("unix");
      const body = JSON.stringify({ model: "m", input: sent });
      await caller.send(`POST /v1/audio/speech HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      const answer = await caller.readAnswer();
      expect(Bun.hash(answer.body)).toBe(Bun.hash(answered));
      expect(stage.upstream.lastRequest.message.text).toContain(sent);
    });
  });

  test("a connection that ends in the middle of a stream is a broken stream", async () => {
    await Stage.with(options, async (stage) => {
      stage.upstream.respond = () => faults.finMidStream();
      const caller = await stage.ask({ stream: true, stream_options: {} });
      expect(await caller.waitForEnd()).toBe("fin");
      const text = caller.received.toString();
      expect(text).toContain("upstream_truncated");
      expect(text).not.toContain("[DONE]");
      expect(caller.syntaxError?.message).toContain("ended inside a message");
    });
  });

  test("a body that runs until the connection ends is whole", async () => {
    await Stage.with(options, async (stage) => {
      stage.upstream.respond = () => [
        { kind: "bytes", data: 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"choices":[]}' },
        { kind: "fin" },
      ];
      expect((await stage.answer()).text).toBe('{"choices":[]}');
      stage.upstream.respond = answerRequest;
      expect((await stage.answer()).status).toBe(200);
    });
  });

  test("a caller that leaves ends the provider's connection at once", async () => {
    await Stage.with(options, async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      const caller = await stage.ask();
      await stage.upstream.waitForRequests(1);
      caller.close();
      await until("the provider to be let go", () => stage.upstream.lastRequest.connection.closedAtMs !== null);
    });
  });
});
