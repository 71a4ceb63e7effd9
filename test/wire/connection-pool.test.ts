import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chatCompletion, jsonAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import type { Script } from "../instruments/script.ts";
import { makeGate, until } from "../instruments/until.ts";
import { startUpstream } from "../instruments/upstream.ts";
import { answerRequest, Stage } from "../gateway/stage.ts";

/** An answer whose body says on which connection it came. */
const named = (connection: number): Script => jsonAnswer({ choices: [], connection });

describe("keep-alive towards a provider", () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open({ config: { pool: { max_idle: 2, idle_timeout: "10s" } } });
  });
  afterEach(() => stage.close());

  /** Begins `count` requests that are answered together, so that each has a connection of its own. */
  async function askTogether(count: number): Promise<void> {
    const gate = makeGate();
    const already = stage.upstream.requests.length;
    stage.upstream.respond = ({ connection }) => [{ kind: "wait", until: gate.opened }, ...named(connection.id)];
    const answers = Array.from({ length: count }, () => stage.answer());
    await stage.upstream.waitForRequests(already + count);
    gate.open();
    await Promise.all(answers);
  }

  test("requests one after the other use one connection", async () => {
    for (let round = 0; round < 5; round++) expect((await stage.answer()).status).toBe(200);
    expect(stage.upstream.totalConnections).toBe(1);
    expect(stage.upstream.requests.map((request) => request.indexOnConnection)).toEqual([0, 1, 2, 3, 4]);
  });

  test("callers of one provider share its connections, over the socket and over TCP", async () => {
    for (const over of ["tcp", "unix"] as const) {
      const client = await stage.connect(over);
      await client.send('POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: 13\r\n\r\n{"model":"m"}');
      expect((await client.readAnswer()).status).toBe(200);
    }
    expect(stage.upstream.totalConnections).toBe(1);
  });

  test("no more are kept than the cap says", async () => {
    await askTogether(5);
    expect(stage.upstream.totalConnections).toBe(5);
    await until("two connections to be left", () => stage.upstream.openConnections === 2);
    expect(stage.gateway.sidecar.gateway.pools.openConnections).toBe(2);
  });

  test("the connection that came back last is used first, so that a quiet hour shrinks the pool", async () => {
    const first = makeGate();
    const second = makeGate();
    stage.upstream.respond = ({ message, connection }) => [
      { kind: "wait", until: message.text.includes("first") ? first.opened : second.opened },
      ...named(connection.id),
    ];
    const one = stage.answer({ user: "first" });
    await stage.upstream.waitForRequests(1);
    const two = stage.answer({ user: "second" });
    await stage.upstream.waitForRequests(2);
    // The second comes back first, the first last.
    second.open();
    await two;
    first.open();
    const last = (await one).json() as { connection: number };
    stage.upstream.respond = ({ connection }) => named(connection.id);
    for (let round = 0; round < 3; round++) expect((await stage.answer()).json()).toMatchObject(last);
    expect(stage.upstream.totalConnections).toBe(2);
  });

  test("an answer that says connection: close ends its connection", async () => {
    stage.upstream.respond = () => chatCompletion({ headers: [["connection", "close"]] });
    for (let round = 0; round < 2; round++) expect((await stage.answer()).status).toBe(200);
    expect(stage.upstream.totalConnections).toBe(2);
    await until("no connection to be kept", () => stage.gateway.sidecar.gateway.pools.openConnections === 0);
  });

  test("an HTTP/1.0 answer without keep-alive ends its connection, and its body is whole", async () => {
    stage.upstream.respond = () => [
      { kind: "bytes", data: 'HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{"choices":[]}' },
      { kind: "fin" },
    ];
    for (let round = 0; round < 2; round++) expect((await stage.answer()).text).toBe('{"choices":[]}');
    expect(stage.upstream.totalConnections).toBe(2);
  });

  test("a connection whose caller left is never used again", async () => {
    stage.upstream.respond = () => faults.blackhole();
    const client = await stage.ask();
    await stage.upstream.waitForRequests(1);
    client.abort();
    await stage.upstream.waitForNoConnections();
    stage.upstream.respond = answerRequest;
    expect((await stage.answer()).status).toBe(200);
    expect(stage.upstream.totalConnections).toBe(2);
  });
});

describe("the age of an idle connection", () => {
  test("is bounded: past idle_timeout it is closed from here", async () => {
    await Stage.with({ config: { pool: { max_idle: 8, idle_timeout: "200ms" } } }, async (stage) => {
      await stage.answer();
      expect(stage.upstream.openConnections).toBe(1);
      await stage.upstream.waitForNoConnections();
      expect(stage.gateway.sidecar.gateway.pools.openConnections).toBe(0);
      // The next one is a new connection, not a failed request.
      expect((await stage.answer()).status).toBe(200);
      expect(stage.upstream.totalConnections).toBe(2);
    });
  });

  test("counts from its last use, not from its beginning", async () => {
    await Stage.with({ config: { pool: { max_idle: 8, idle_timeout: "400ms" } } }, async (stage) => {
      const startedMs = performance.now();
      // Used again and again for longer than the timeout, whatever the pace of this machine.
      while (performance.now() - startedMs < 900) {
        await stage.answer();
        await Bun.sleep(20);
      }
      const [connection] = stage.upstream.connections;
      expect((connection?.requestCount ?? 0) > 1).toBe(true);
      const busyUntilMs = connection?.closedAtMs ?? performance.now();
      expect(busyUntilMs - (connection?.openedAtMs ?? 0)).toBeGreaterThan(400);
    });
  });

  test("max_idle: 0 keeps none", async () => {
    await Stage.with({ config: { pool: { max_idle: 0 } } }, async (stage) => {
      for (let round = 0; round < 3; round++) {
        expect((await stage.answer()).status).toBe(200);
        await stage.upstream.waitForNoConnections();
      }
      expect(stage.upstream.totalConnections).toBe(3);
    });
  });
});

describe("which connections are interchangeable", () => {
  test("two entries with the same origin share a pool; another TLS setting, or another origin, does not", async () => {
    const other = startUpstream({ respond: answerRequest });
    const entry = (baseUrl: string, more: object = {}) => ({
      provider: "openai-compatible",
      base_url: baseUrl,
      ...more,
    });
    const stage = await Stage.open({
      baseUrl: (upstream) => `${upstream.origin}/v1`,
      // The same upstream under its other name is another origin.
      upstream: {},
    });
    try {
      const { origin } = stage.upstream;
      await stage.reload({
        providers: {
          twin: entry(`${origin}/v1`),
          path: entry(`${origin}/other`),
          elsewhere: entry(`${other.origin}/v1`),
          proxied: entry(`${origin}/v1`, { proxy: `http://127.0.0.1:${other.port}` }),
        },
      });
      await stage.answer();
      expect((await stage.answer({ model: "twin/x" })).status).toBe(200);
      expect(stage.upstream.totalConnections).toBe(1);
      expect((await stage.answer({ model: "elsewhere/x" })).status).toBe(200);
      expect(other.totalConnections).toBe(1);
      // Through a proxy the connection is the proxy's, even where the origin is the same.
      expect((await stage.answer({ model: "proxied/x" })).status).toBe(200);
      expect([stage.upstream.totalConnections, other.totalConnections]).toEqual([1, 2]);
      expect(other.lastRequest.message.target).toBe(`${origin}/v1/chat/completions`);
    } finally {
      await stage.close();
      other.stop();
    }
  });
});

describe("after a reload", () => {
  test("a pool the config no longer names is let go: idle connections at once, busy ones when they are done", async () => {
    await Stage.with({}, async (stage) => {
      const old = stage.upstream;
      const next = startUpstream({ respond: answerRequest });
      try {
        const gate = makeGate();
        old.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
        const busy = stage.answer();
        await old.waitForRequests(1);
        old.respond = answerRequest;
        await stage.answer();
        expect(old.openConnections).toBe(2);
        await stage.reload({ provider: { base_url: `${next.origin}/v1` } });
        await until("the idle connection to be closed", () => old.openConnections === 1);
        expect((await stage.answer()).status).toBe(200);
        expect(next.totalRequests).toBe(1);
        gate.open();
        // It ran to its end on the connection it had, which is then not kept.
        expect((await busy).status).toBe(200);
        await old.waitForNoConnections();
      } finally {
        next.stop();
      }
    });
  });

  test("the limits of an answer's head are those of the new config", async () => {
    await Stage.with({ config: { pool: { max_idle: 0 } } }, async (stage) => {
      const long = `x-long: ${"a".repeat(6_000)}`;
      const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${long}\r\ncontent-length: 2\r\n\r\n{}`;
      stage.upstream.respond = () => [{ kind: "bytes", data: head }];
      expect((await stage.answer()).status).toBe(200);
      await stage.reload({ config: { pool: { max_idle: 0 }, limits: { max_head_bytes: "4KiB" } } });
      expect((await stage.answer()).status).toBe(502);
    });
  });

  test("a pool whose settings did not change keeps its connections", async () => {
    await Stage.with({}, async (stage) => {
      await stage.answer();
      await stage.reload({ config: { log: { level: "debug" } } });
      await stage.answer();
      expect(stage.upstream.totalConnections).toBe(1);
    });
  });

  test("a request that was read under the old config leaves no connection behind either", async () => {
    await Stage.with({ provider: { max_concurrent: 1, queue: { size: 1, timeout: "10s" } } }, async (stage) => {
      const old = stage.upstream;
      const next = startUpstream({ respond: answerRequest });
      try {
        const gate = makeGate();
        old.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
        const first = stage.answer();
        await old.waitForRequests(1);
        const queued = stage.answer();
        await until("one to wait", () => [...stage.gateway.sidecar.gateway.loads()][0]?.queued === 1);
        await stage.reload({ provider: { base_url: `${next.origin}/v1` } });
        gate.open();
        expect((await first).status).toBe(200);
        // It was routed before the reload, and keeps what it began with.
        expect((await queued).status).toBe(200);
        expect(old.totalRequests).toBe(2);
        await old.waitForNoConnections();
      } finally {
        next.stop();
      }
    });
  });
});

describe("a pooled connection that has died", () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
    await stage.answer();
  });
  afterEach(() => stage.close());

  test("is not used when its end was noticed in time", async () => {
    stage.upstream.connections[0]?.finish();
    await until("the gateway to have let go", () => stage.gateway.sidecar.gateway.pools.openConnections === 0);
    expect((await stage.answer()).status).toBe(200);
    expect(stage.upstream.requests.map((request) => request.connection.id)).toEqual([0, 1]);
  });

  for (const ending of ["fin", "rst"] as const) {
    test(`is replaced once when it ends with a ${ending} just as the request arrives`, async () => {
      stage.upstream.respond = ({ indexOnConnection }) =>
        indexOnConnection > 0 ? [{ kind: ending }] : chatCompletion();
      const answer = await stage.answer();
      expect(answer.status).toBe(200);
      // Seen twice by the provider, answered once; the second time on a connection of its own.
      expect(stage.upstream.requests.map((request) => request.indexOnConnection)).toEqual([0, 1, 0]);
      expect(stage.upstream.requests[1]?.message.text).toBe(stage.upstream.requests[2]?.message.text ?? "");
    });
  }

  test("is replaced once only: a new connection that dies, too, is the provider's failure", async () => {
    stage.upstream.respond = () => [{ kind: "rst" }];
    const answer = await stage.answer();
    expect([answer.status, answer.json()]).toMatchObject([502, { error: { code: "upstream_error" } }]);
    expect(stage.upstream.totalRequests).toBe(3);
  });

  test("a new connection that dies without an answer is not tried again", async () => {
    stage.upstream.connections[0]?.finish();
    await until("the gateway to have let go", () => stage.gateway.sidecar.gateway.pools.openConnections === 0);
    stage.upstream.respond = () => [{ kind: "fin" }];
    expect((await stage.answer()).status).toBe(502);
    expect(stage.upstream.totalRequests).toBe(2);
  });

  for (const [what, bytes] of [
    ["one byte", "H"],
    ["an interim answer", "HTTP/1.1 103 Early Hints\r\n\r\n"],
    ["half a head", "HTTP/1.1 200 OK\r\ncontent-"],
  ] as const) {
    test(`is not replaced once ${what} of an answer came: the provider has begun to work`, async () => {
      stage.upstream.respond = () => [{ kind: "bytes", data: bytes }, { kind: "pause", ms: 30 }, { kind: "fin" }];
      const answer = await stage.answer();
      expect(answer.status).toBe(502);
      expect(stage.upstream.totalRequests).toBe(2);
    });
  }

  test("its large body is sent again whole", async () => {
    stage.upstream.respond = ({ indexOnConnection }) => (indexOnConnection > 0 ? [{ kind: "rst" }] : chatCompletion());
    const content = "x".repeat(3 * 1024 * 1024);
    expect((await stage.answer({ messages: [{ role: "user", content }] })).status).toBe(200);
    expect(stage.upstream.lastRequest.message.text).toContain(content);
    expect(stage.upstream.lastRequest.message.isComplete).toBe(true);
  });
});

describe("bytes nobody asked for", () => {
  test("on an idle connection poison it", async () => {
    await Stage.with({}, async (stage) => {
      const forge = makeGate();
      stage.upstream.respond = ({ connection }) =>
        connection.id === 0
          ? [
              ...chatCompletion(),
              { kind: "wait", until: forge.opened },
              { kind: "bytes", data: "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged" },
            ]
          : chatCompletion();
      expect((await stage.answer()).text).toContain("Hello.");
      forge.open();
      await until("the connection to be closed", () => stage.gateway.sidecar.gateway.pools.openConnections === 0);
      expect((await stage.answer()).text).toContain("Hello.");
      expect(stage.upstream.totalConnections).toBe(2);
    });
  });

  const tails: readonly (readonly [string, Script])[] = [
    ["a length", faults.longContentLength()],
    [
      "the last chunk",
      [
        {
          kind: "bytes",
          data:
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" +
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged",
        },
      ],
    ],
    [
      "an answer without body",
      [
        {
          kind: "bytes",
          data: "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged",
        },
      ],
    ],
  ];
  for (const [what, script] of tails) {
    test(`behind ${what} are never used, and the connection neither`, async () => {
      await Stage.with({}, async (stage) => {
        stage.upstream.respond = ({ connection }) => (connection.id === 0 ? script : chatCompletion());
        const client = await stage.ask();
        await client.readAnswer();
        const second = await stage.answer();
        expect(second.text).toContain("Hello.");
        expect(stage.upstream.requests.map((request) => request.connection.id)).toEqual([0, 1]);
        expect(client.received.includes("forged")).toBe(false);
      });
    });
  }

  test("an answer that came before the whole request was read ends its connection", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respondToHead = ({ connection }) => {
        if (connection.id > 0) return null;
        // More than the kernel takes on its own stays unread.
        connection.pauseReading();
        return chatCompletion();
      };
      const client = await stage.ask({ padding: "x".repeat(24 * 1024 * 1024) });
      expect((await client.readAnswer()).status).toBe(200);
      expect((await stage.answer()).status).toBe(200);
      expect(stage.upstream.lastRequest.connection.id).toBe(1);
    });
  });
});
