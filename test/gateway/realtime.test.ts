/** `/v1/realtime`: a WebSocket through the gateway, with Bun's own client and server at its ends. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { errorAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import type { RawClient } from "../instruments/raw-client.ts";
import type { Script } from "../instruments/script.ts";
import { until } from "../instruments/until.ts";
import { PROVIDER_KEY, Stage, type StageOptions } from "./stage.ts";

const UPGRADE =
  "GET /v1/realtime?model=m HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n" +
  "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

type Session = { url: URL; headers: Headers; messages: (string | Buffer)[]; isClosed: boolean; closeCode: number };

/** A provider's realtime endpoint that sends back what it gets. */
function startRealtime(): Bun.Server<Session> & { readonly sessions: Session[] } {
  const sessions: Session[] = [];
  const running = Bun.serve<Session>({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, self) {
      const session: Session = {
        url: new URL(request.url),
        headers: request.headers,
        messages: [],
        isClosed: false,
        closeCode: 0,
      };
      sessions.push(session);
      return self.upgrade(request, { data: session })
        ? undefined
        : new Response("expected an upgrade", { status: 400 });
    },
    websocket: {
      maxPayloadLength: 64 * 1024 * 1024,
      open: (socket) => void socket.send("welcome"),
      message(socket, message) {
        socket.data.messages.push(message);
        if (message === "leave") socket.close(4001, "as asked");
        else socket.send(message);
      },
      close(socket, code) {
        socket.data.isClosed = true;
        socket.data.closeCode = code;
      },
    },
  });
  return Object.assign(running, { sessions });
}

describe("a realtime session", () => {
  let provider: ReturnType<typeof startRealtime>;
  let stage: Stage;
  beforeEach(async () => {
    provider = startRealtime();
    stage = await Stage.open({ baseUrl: () => `http://127.0.0.1:${provider.port}/v1` });
  });
  afterEach(async () => {
    try {
      await stage.close();
    } finally {
      await provider.stop(true);
    }
  });

  async function open(query = "model=m"): Promise<{ socket: WebSocket; received: (string | Buffer)[] }> {
    const socket = new WebSocket(`ws://127.0.0.1:${stage.gateway.httpPort}/v1/realtime?${query}`, {
      headers: {
        authorization: "Bearer sk-caller-example",
        cookie: "session=caller",
        "openai-beta": "realtime=v1",
        "x-request-id": "realtime-1",
      },
    });
    socket.binaryType = "nodebuffer";
    const received: (string | Buffer)[] = [];
    socket.addEventListener("message", (event) => received.push(event.data as string | Buffer));
    await until("the provider's greeting", () => received.length > 0);
    expect(received).toEqual(["welcome"]);
    return { socket, received };
  }

  test("passes messages both ways, text and binary, small and large", async () => {
    const { socket, received } = await open();
    const large = Buffer.alloc(3 * 1024 * 1024, "0123456789abcdef");
    for (const message of ["hello", Buffer.from([0, 1, 2, 255]), large, "after"]) socket.send(message);
    await until("all of them to come back", () => received.length === 5);
    expect(received.map((message) => Bun.hash(message))).toEqual(
      ["welcome", "hello", Buffer.from([0, 1, 2, 255]), large, "after"].map((message) => Bun.hash(message)),
    );
    expect(provider.sessions[0]?.messages.length).toBe(4);
    socket.close();
  });

  test("rewrites the model, replaces the credentials, and passes the rest on", async () => {
    const { socket } = await open("model=m&voice=a%20b");
    const { url, headers } = provider.sessions[0] as Session;
    expect([url.pathname, url.searchParams.get("model"), url.searchParams.get("voice")]).toEqual([
      "/v1/realtime",
      "m-there",
      "a b",
    ]);
    expect(headers.get("authorization")).toBe(`Bearer ${PROVIDER_KEY}`);
    expect(headers.get("cookie")).toBeNull();
    expect([headers.get("openai-beta"), headers.get("x-request-id")]).toEqual(["realtime=v1", "realtime-1"]);
    socket.close();
  });

  test("counts as in flight until it ends, and then once", async () => {
    const { socket } = await open();
    expect(await sumMetric(stage.gateway, "llm_in_flight_requests", { provider: "fake" })).toBe(1);
    socket.close();
    const [line] = await stage.readExchanges(1);
    expect(line).toMatchObject({
      endpoint: "realtime",
      model: "m",
      provider: "fake",
      status: 101,
      outcome: "finished",
    });
    expect(await sumMetric(stage.gateway, "llm_in_flight_requests", { provider: "fake" })).toBe(0);
    expect(await sumMetric(stage.gateway, "llm_requests_total")).toBe(1);
  });

  test("ends at the provider when the caller closes it, with the caller's code", async () => {
    const { socket } = await open();
    socket.close(4002, "done");
    await until("the provider's session to end", () => provider.sessions[0]?.isClosed === true);
    expect(provider.sessions[0]?.closeCode).toBe(4002);
  });

  test("ends at the provider when the caller is gone without a word", async () => {
    const { socket } = await open();
    socket.terminate();
    await until("the provider's session to end", () => provider.sessions[0]?.isClosed === true);
  });

  test("ends at the caller when the provider closes it, with the provider's code", async () => {
    const { socket } = await open();
    const closed = Promise.withResolvers<CloseEvent>();
    socket.addEventListener("close", (event) => closed.resolve(event));
    socket.send("leave");
    const { code, reason } = await closed.promise;
    expect([code, reason]).toEqual([4001, "as asked"]);
  });

  test("is not cut by the timeouts of ordinary answers", async () => {
    await stage.reload({ config: { defaults: { timeouts: { first_byte: "200ms", idle: "200ms", total: "500ms" } } } });
    const { socket, received } = await open();
    await Bun.sleep(900);
    socket.send("still here");
    await until("an answer", () => received.length === 2);
    socket.close();
  });
});

describe("the bytes of an upgraded connection", () => {
  const ACCEPT = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n";

  async function upgrade(stage: Stage): Promise<RawClient> {
    const caller = await stage.connect();
    caller.expectAnswerTo("GET");
    await caller.send(UPGRADE);
    return caller;
  }

  test("begin with what came early, on either side", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => [
        {
          kind: "bytes",
          data: `${ACCEPT}x-request-id: theirs\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nearly`,
        },
        { kind: "silence" },
      ];
      stage.upstream.planConnection = () => ({
        kind: "at-first-bytes",
        script: stage.upstream.respond({} as never) as Script,
      });
      const caller = await stage.connect();
      caller.expectAnswerTo("GET");
      await caller.send(`${UPGRADE}first`);
      await caller.readUntil("early");
      const head = await caller.readHead();
      expect(head.status).toBe(101);
      expect(head.header("sec-websocket-accept")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      expect(head.header("upgrade")).toBe("websocket");
      expect(head.header("x-request-id")).not.toBe("theirs");
      await until("the caller's early bytes", () =>
        stage.upstream.connections[0]?.received.join("").endsWith("\r\n\r\nfirst"),
      );
      await caller.send("second");
      await until("the next", () => stage.upstream.connections[0]?.received.join("").endsWith("firstsecond"));
    });
  });

  test("wait when the provider does not read, and none is lost", async () => {
    await Stage.with({}, async (stage) => {
      let isStopped = false;
      stage.upstream.planConnection = () => ({
        kind: "at-first-bytes",
        script: [
          { kind: "bytes", data: `${ACCEPT}\r\n` },
          { kind: "call", run: () => ((isStopped = true), stage.upstream.connections[0]?.pauseReading()) },
          { kind: "silence" },
        ],
      });
      const caller = await upgrade(stage);
      await until("the provider to have stopped reading", () => isStopped && caller.messages.length > 0);
      const sent = Buffer.alloc(40 * 1024 * 1024, "0123456789abcdef");
      let isSent = false;
      const sending = caller.send(sent).then(() => (isSent = true));
      await Bun.sleep(300);
      expect(isSent).toBe(false);
      const [connection] = stage.upstream.connections;
      connection?.resumeReading();
      await until("all of it", () => (connection?.bytesReceived ?? 0) > sent.length);
      await sending;
      const received = Buffer.concat(connection?.received ?? []);
      expect(Bun.hash(received.subarray(received.indexOf("\r\n\r\n") + 4))).toBe(Bun.hash(sent));
    });
  });

  test("that came early and are many wait as well", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.planConnection = () => ({
        kind: "at-first-bytes",
        script: [{ kind: "pause", ms: 150 }, { kind: "bytes", data: `${ACCEPT}\r\n` }, { kind: "silence" }],
      });
      const caller = await stage.connect();
      caller.expectAnswerTo("GET");
      const early = Buffer.alloc(8 * 1024 * 1024, "0123456789abcdef");
      await caller.send(Buffer.concat([Buffer.from(UPGRADE), early]));
      const [connection] = stage.upstream.connections;
      await until("all of it", () => (connection?.bytesReceived ?? 0) > early.length);
      const received = Buffer.concat(connection?.received ?? []);
      expect(Bun.hash(received.subarray(received.indexOf("\r\n\r\n") + 4))).toBe(Bun.hash(early));
    });
  });

  test("wait when the caller does not read, and none is lost", async () => {
    await Stage.with({}, async (stage) => {
      const sent = Buffer.alloc(40 * 1024 * 1024, "0123456789abcdef");
      stage.upstream.planConnection = () => ({
        kind: "at-first-bytes",
        script: [{ kind: "bytes", data: `${ACCEPT}\r\n` }, { kind: "bytes", data: sent }, { kind: "silence" }],
      });
      const caller = await stage.connect();
      caller.expectAnswerTo("GET");
      caller.pauseReading();
      await caller.send(UPGRADE);
      const { pending } = stage.gateway.sidecar.gateway;
      await until("bytes to be held", () => pending.totalBytes > 0);
      await Bun.sleep(200);
      expect(pending.totalBytes).toBeLessThanOrEqual(128 * 1024);
      expect(stage.upstream.connections[0]?.bytesSent).toBeLessThan(sent.length);
      caller.resumeReading();
      await until("all of it", () => caller.received.length > sent.length);
      const { received } = caller;
      expect(Bun.hash(received.subarray(received.indexOf("\r\n\r\n") + 4))).toBe(Bun.hash(sent));
    });
  });

  test("end with the provider's, none missing", async () => {
    await Stage.with({}, async (stage) => {
      const sent = Buffer.alloc(5 * 1024 * 1024, "0123456789abcdef");
      stage.upstream.planConnection = () => ({
        kind: "at-first-bytes",
        script: [{ kind: "bytes", data: `${ACCEPT}\r\n` }, { kind: "bytes", data: sent }, { kind: "fin" }],
      });
      const caller = await upgrade(stage);
      await caller.waitForEnd();
      const { received } = caller;
      expect(Bun.hash(received.subarray(received.indexOf("\r\n\r\n") + 4))).toBe(Bun.hash(sent));
    });
  });
});

describe("an upgrade that does not come about", () => {
  const ask = async (stage: Stage, request = UPGRADE): Promise<RawClient> => {
    const caller = await stage.connect();
    caller.expectAnswerTo("GET");
    await caller.send(request);
    return caller;
  };
  const withScript = (script: Script, run: (stage: Stage) => Promise<void>, more: StageOptions = {}): Promise<void> =>
    Stage.with({ ...more, upstream: { respond: () => script } }, run);

  test("is refused by the provider in its own words: status, body and Retry-After", async () => {
    const refusal = errorAnswer(
      429,
      { message: "Too many sessions.", type: "requests", code: "rate_limit_exceeded" },
      { headers: [["retry-after", "9"]] },
    );
    await withScript(refusal, async (stage) => {
      const answer = await (await ask(stage)).readAnswer();
      expect([answer.status, answer.json()]).toMatchObject([429, { error: { message: "Too many sessions." } }]);
      expect(answer.header("retry-after")).toBe("9");
      expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "http_429" })).toBe(1);
    });
  });

  test("is an error of the provider's where it dies", async () => {
    await withScript([{ kind: "fin" }], async (stage) => {
      expect((await (await ask(stage)).readAnswer()).status).toBe(502);
      const [line] = await stage.readExchanges(1);
      expect(line).toMatchObject({ outcome: "failed", status: 502 });
    });
  });

  test("is not followed to where a redirect leads", async () => {
    await withScript(faults.redirectElsewhere(), async (stage) => {
      const answer = await (await ask(stage)).readAnswer();
      expect(answer.status).toBe(502);
      expect(answer.header("location")).toBeNull();
    });
  });

  test("is an error where the refusal is longer than what is held: half of it would look like all of it", async () => {
    const long = errorAnswer(400, { message: "x".repeat(70_000), type: "invalid_request_error" });
    await withScript(long, async (stage) => {
      const answer = await (await ask(stage)).readAnswer();
      expect([answer.status, answer.json()]).toMatchObject([502, { error: { code: "upstream_error" } }]);
    });
  });

  test("is cancelled when its caller leaves first", async () => {
    await withScript(faults.blackhole(), async (stage) => {
      const caller = await ask(stage);
      await stage.upstream.waitForRequests(1);
      caller.close();
      await stage.upstream.waitForNoConnections();
      const [line] = await stage.readExchanges(1);
      expect(line).toMatchObject({ outcome: "cancelled", status: 499 });
    });
  });

  test("times out as any request does", async () => {
    const config = { defaults: { timeouts: { first_byte: "250ms" } } };
    await withScript(
      faults.blackhole(),
      async (stage) => expect((await (await ask(stage)).readAnswer()).status).toBe(504),
      { config },
    );
  });

  test("is refused here without a model, with one nobody knows, and without an upgrade", async () => {
    await Stage.with({}, async (stage) => {
      for (const [request, status] of [
        [UPGRADE.replace("?model=m", ""), 400],
        [UPGRADE.replace("model=m", "model="), 400],
        [UPGRADE.replace("model=m", "model=unknown"), 404],
        ["GET /v1/realtime?model=m HTTP/1.1\r\nhost: x\r\n\r\n", 426],
        [UPGRADE.replace("upgrade: websocket", "upgrade: h2c"), 426],
      ] as const) {
        const answer = await (await ask(stage, request)).readAnswer();
        expect([answer.status, answer.json()]).toMatchObject([status, { error: { source: "gateway" } }]);
      }
      expect(stage.upstream.totalConnections).toBe(0);
    });
  });

  test("waits for no place where the provider is full", async () => {
    await withScript(
      faults.blackhole(),
      async (stage) => {
        await stage.ask();
        await stage.upstream.waitForRequests(1);
        expect((await (await ask(stage)).readAnswer()).status).toBe(503);
      },
      { provider: { max_concurrent: 1 } },
    );
  });
});
