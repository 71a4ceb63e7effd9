/** A slow reader slows down who writes, on both sides; nothing is lost, and what the gateway holds is bounded. */
import { describe, expect, test } from "bun:test";
import { chatCompletion } from "../instruments/answers.ts";
import { testCertificates } from "../instruments/certificates.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import type { RawClient } from "../instruments/raw-client.ts";
import type { Script, Step } from "../instruments/script.ts";
import { makeGate, nextTurn, until } from "../instruments/until.ts";
import { startUpstream } from "../instruments/upstream.ts";
import { answerRequest, Stage, writeChat, type StageOptions } from "../gateway/stage.ts";
import { startFakeProxy } from "./fake-proxy.ts";

const { caPem, server, otherName } = testCertificates();
const MIB = 1024 * 1024;
const STREAM = { stream: true, stream_options: {} };
/** One read of a provider's socket (SO_RCVBUF of 32 KiB, which the kernel doubles) and what a stream may hold beside it. */
const MAX_HELD_BYTES = 128 * 1024;
/** A decrypted read of Bun's is larger. */
const MAX_HELD_BYTES_TLS = 640 * 1024;

/** Server-sent events that differ, so that a lost or doubled byte shows. */
function makeEvents(bytes: number): Buffer {
  const pieces: Buffer[] = [];
  let length = 0;
  for (let number = 0; length < bytes; number++) {
    const event = Buffer.from(
      `data: {"choices":[],"number":${number},"filler":"${"x".repeat(1 + (number % 3000))}"}\n\n`,
    );
    pieces.push(event);
    length += event.length;
  }
  pieces.push(Buffer.from('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'));
  return Buffer.concat(pieces);
}

const LONG = makeEvents(50 * MIB);
const EVENTS = makeEvents(20 * MIB);

/** The same body in each way a body can be framed; where the connection ends with it, all of it may come before it is read. */
function frame(kind: "chunked" | "length" | "until-close", body: Buffer, contentType: string): Script {
  const head = (header: readonly [string, string]): Step => ({
    kind: "head",
    status: 200,
    headers: [["content-type", contentType], header],
  });
  switch (kind) {
    case "chunked": {
      const chunks: Step[] = [];
      for (let at = 0; at < body.length; at += MIB) chunks.push({ kind: "chunk", data: body.subarray(at, at + MIB) });
      return [head(["transfer-encoding", "chunked"]), ...chunks, { kind: "last-chunk" }];
    }
    case "length":
      return [head(["content-length", String(body.length)]), { kind: "bytes", data: body }];
    case "until-close":
      return [head(["connection", "close"]), { kind: "bytes", data: body }, { kind: "fin" }];
    default:
      return kind satisfies never;
  }
}

/** Waits until the upstream's writes no longer go through, and says how many bytes went. */
async function waitForStall(bytesSent: () => number): Promise<number> {
  let last = -1;
  let lastChangeMs = performance.now();
  await until("the upstream to stall", () => {
    const now = bytesSent();
    if (now !== last) {
      last = now;
      lastChangeMs = performance.now();
    }
    return now > 0 && performance.now() - lastChangeMs > 200;
  });
  return last;
}

/** A caller that asks for a stream and stalls; then it reads on, and has missed nothing. */
async function stallAndResume(
  stage: Stage,
  caller: RawClient,
  options: { readonly body: Buffer; readonly bytesSent: () => number; readonly maxHeldBytes: number },
): Promise<void> {
  const { pending } = stage.gateway.sidecar.gateway;
  caller.pauseReading();
  await caller.send(writeChat(STREAM));
  const sent = await waitForStall(options.bytesSent);
  // Kernel buffers take some megabytes; that is the point of having more to send.
  expect(sent).toBeLessThan(options.body.length / 2);
  expect(pending.totalBytes).toBeGreaterThan(0);
  expect(pending.totalBytes).toBeLessThanOrEqual(options.maxHeldBytes);
  expect(await sumMetric(stage.gateway, "llm_pending_bytes")).toBe(pending.totalBytes);
  caller.resumeReading();
  const answer = await caller.readAnswer();
  expect(answer.body.length).toBe(options.body.length);
  expect(Bun.hash(answer.body)).toBe(Bun.hash(options.body));
  expect(pending.totalBytes).toBe(0);
}

describe("a caller that stops reading", () => {
  for (const framing of ["chunked", "length", "until-close"] as const) {
    for (const over of ["tcp", "unix"] as const) {
      test(`pauses its provider, and resumes without losing a byte (${framing}, ${over})`, async () => {
        await Stage.with({}, async (stage) => {
          const body = framing === "chunked" ? LONG : EVENTS;
          stage.upstream.respond = () => frame(framing, body, "text/event-stream");
          const caller = await stage.connect(over);
          const bytesSent = (): number => stage.upstream.connections.at(-1)?.bytesSent ?? 0;
          await stallAndResume(stage, caller, { body, bytesSent, maxHeldBytes: MAX_HELD_BYTES });
        });
      });
    }
  }

  for (const framing of ["chunked", "until-close"] as const) {
    test(`pauses a provider behind TLS as well (${framing})`, async () => {
      await Stage.with({ upstream: { tls: server }, provider: { tls: { ca: caPem } } }, async (stage) => {
        stage.upstream.respond = () => frame(framing, EVENTS, "text/event-stream");
        const caller = await stage.connect();
        const bytesSent = (): number => stage.upstream.connections.at(-1)?.bytesSent ?? 0;
        await stallAndResume(stage, caller, { body: EVENTS, bytesSent, maxHeldBytes: MAX_HELD_BYTES_TLS });
      });
    });
  }

  test("pauses a provider behind a proxy's tunnel as well", async () => {
    const behind = startUpstream({ respond: () => frame("length", LONG, "text/event-stream"), tls: otherName });
    const proxy = await startFakeProxy({ toPort: behind.port });
    const options: StageOptions = {
      baseUrl: () => "https://other.example.com/v1",
      provider: { tls: { ca: caPem }, proxy: `http://127.0.0.1:${proxy.port}` },
    };
    try {
      await Stage.with(options, async (stage) => {
        const caller = await stage.connect();
        const bytesSent = (): number => behind.connections.at(-1)?.bytesSent ?? 0;
        await stallAndResume(stage, caller, { body: LONG, bytesSent, maxHeldBytes: MAX_HELD_BYTES_TLS });
      });
    } finally {
      proxy.stop();
      behind.stop();
    }
  });

  for (const framing of ["chunked", "length", "until-close"] as const) {
    test(`misses nothing of an answer that was complete before it read (${framing})`, async () => {
      await Stage.with({}, async (stage) => {
        // Small enough for the kernel's buffers: the provider is done, its FIN is on its way, and the caller has read nothing.
        const body = EVENTS.subarray(0, 600_000);
        stage.upstream.respond = () => frame(framing, body, "audio/mpeg");
        const caller = await stage.connect();
        caller.pauseReading();
        await caller.send('POST /v1/audio/speech HTTP/1.1\r\nhost: x\r\ncontent-length: 13\r\n\r\n{"model":"m"}');
        await until("the provider to be done", () => (stage.upstream.connections[0]?.bytesSent ?? 0) > body.length);
        await Bun.sleep(200);
        caller.resumeReading();
        const answer = await caller.readAnswer();
        expect(answer.isComplete).toBe(true);
        expect(Bun.hash(answer.body)).toBe(Bun.hash(body));
      });
    });
  }

  test("leaves its provider's connection fit for the next one, wherever its answer ends", async () => {
    await Stage.with({}, async (stage) => {
      const { pending } = stage.gateway.sidecar.gateway;
      let timesShared = 0;
      // Around what the caller's socket takes: for some of these lengths it is the last read that is too much for it.
      for (let length = 64 * 1024; length < 512 * 1024; length += 12 * 1024) {
        stage.upstream.respond = () => frame("length", EVENTS.subarray(0, length), "audio/mpeg");
        const caller = await stage.connect("unix");
        caller.pauseReading();
        await caller.send('POST /v1/audio/speech HTTP/1.1\r\nhost: x\r\ncontent-length: 13\r\n\r\n{"model":"m"}');
        await until("the provider's answer", () => stage.upstream.requests.at(-1)?.playedAtMs !== null);
        // The gateway reads it meanwhile, or waits for its caller.
        for (let turn = 0; turn < 20; turn++) await nextTurn();
        const isClogged = pending.totalBytes > 0;
        const { connection } = stage.upstream.lastRequest;
        stage.upstream.respond = answerRequest;
        expect((await stage.answer()).status).toBe(200);
        if (isClogged && stage.upstream.lastRequest.connection === connection) timesShared += 1;
        caller.resumeReading();
        expect((await caller.readAnswer()).body.length).toBe(length);
        caller.close();
        stage.upstream.forget();
      }
      expect(timesShared).toBeGreaterThan(0);
    });
  });

  test("does not slow down another caller of the same provider", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = (request) =>
        request.message.text.includes("number") ? frame("length", EVENTS, "text/event-stream") : answerRequest(request);
      const stalled = await stage.connect();
      stalled.pauseReading();
      await stalled.send(writeChat({ ...STREAM, user: "number" }));
      await until("bytes to be held", () => stage.gateway.sidecar.gateway.pending.totalBytes > 0);
      for (let round = 0; round < 20; round++) expect((await stage.answer(STREAM)).status).toBe(200);
    });
  });

  test("gets a large answer that is no stream whole", async () => {
    await Stage.with({}, async (stage) => {
      const body = Buffer.from(JSON.stringify({ object: "list", data: "0123456789".repeat(2 * MIB) }));
      stage.upstream.respond = () => frame("length", body, "application/json");
      const caller = await stage.connect();
      caller.pauseReading();
      await caller.send('POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: 13\r\n\r\n{"model":"m"}');
      await waitForStall(() => stage.upstream.connections.at(-1)?.bytesSent ?? 0);
      expect(stage.gateway.sidecar.gateway.pending.totalBytes).toBeLessThanOrEqual(2 * MAX_HELD_BYTES);
      caller.resumeReading();
      expect(Bun.hash((await caller.readAnswer()).body)).toBe(Bun.hash(body));
    });
  });
});

describe("the budget over all callers", () => {
  test("evicts those that have made no progress for longest, and no more of them than it must", async () => {
    const maxBytes = 128 * 1024;
    await Stage.with({ config: { limits: { max_pending_bytes_total: "128KiB" } } }, async (stage) => {
      const { pending } = stage.gateway.sidecar.gateway;
      stage.upstream.respond = () => frame("length", EVENTS, "text/event-stream");
      const callers: RawClient[] = [];
      // Each stalls with something in hand; at some point the budget is full.
      while (pending.evicted === 0 && callers.length < 200) {
        const caller = await stage.connect();
        callers.push(caller);
        caller.pauseReading();
        const before = pending.totalBytes;
        await caller.send(writeChat(STREAM));
        await until("it to stall", () => pending.evicted > 0 || pending.totalBytes > before);
      }
      const { evicted } = pending;
      expect(evicted).toBeGreaterThan(0);
      expect(evicted).toBeLessThan(callers.length);
      expect(pending.totalBytes).toBeLessThanOrEqual(maxBytes);
      expect(await sumMetric(stage.gateway, "llm_evicted_callers_total")).toBe(evicted);
      // The first were the slowest: their connections are gone, and so are their providers'.
      for (const [index, caller] of callers.entries()) {
        if (index >= evicted) break;
        caller.resumeReading();
        expect(await caller.waitForEnd()).toBe("reset");
        await until("its provider to be let go", () => stage.upstream.connections[index]?.isOpen === false);
      }
      for (const line of await stage.readExchanges(evicted)) {
        expect(line).toMatchObject({ outcome: "cancelled", phase: "streaming" });
      }
      expect(stage.upstream.openConnections).toBe(callers.length - evicted);
      // The others lost nothing.
      const last = callers.at(-1) as RawClient;
      last.resumeReading();
      expect(Bun.hash((await last.readAnswer()).body)).toBe(Bun.hash(EVENTS));
    });
  });
});

describe("a provider that does not read", () => {
  const head = (length: number): string =>
    `POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: ${length}\r\n\r\n`;
  const start =
    '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n';
  const end = "\r\n--b--\r\n";

  for (const isTls of [false, true]) {
    test(`pauses the caller that uploads to it${isTls ? ", over TLS" : ""}; then the file arrives whole`, async () => {
      const options: StageOptions = isTls ? { upstream: { tls: server }, provider: { tls: { ca: caPem } } } : {};
      await Stage.with({ ...options, config: { limits: { body_timeout: "400ms" } } }, async (stage) => {
        const file = LONG.subarray(0, 40 * MIB);
        let isPaused = false;
        stage.upstream.respondToHead = ({ connection }) => {
          connection.pauseReading();
          isPaused = true;
          return null;
        };
        const body = Buffer.concat([Buffer.from(start), file, Buffer.from(end)]);
        const caller = await stage.connect();
        let isSent = false;
        const sending = caller.send(Buffer.concat([Buffer.from(head(body.length)), body])).then(() => (isSent = true));
        await until("the provider to have stopped reading", () => isPaused);
        // Longer than the body's deadline: the caller is ready, the provider is not.
        await Bun.sleep(1_000);
        expect(isSent).toBe(false);
        expect(caller.received.toString()).toBe("");
        stage.upstream.connections[0]?.resumeReading();
        expect((await caller.readAnswer()).status).toBe(200);
        await sending;
        const sent = stage.upstream.lastRequest.message.body;
        const named = Buffer.concat([
          Buffer.from(start.replace("\r\n\r\nm\r\n", "\r\n\r\nm-there\r\n")),
          file,
          Buffer.from(end),
        ]);
        expect(sent.length).toBe(named.length);
        expect(Bun.hash(sent)).toBe(Bun.hash(named));
      });
    });
  }

  test("that has no free place leaves the upload that waits for it in its caller's socket", async () => {
    await Stage.with({ provider: { max_concurrent: 1, queue: { size: 1, timeout: "20s" } } }, async (stage) => {
      const gate = makeGate();
      stage.upstream.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
      const first = stage.answer();
      await stage.upstream.waitForRequests(1);
      const body = Buffer.concat([Buffer.from(start), LONG.subarray(0, 24 * MIB), Buffer.from(end)]);
      const caller = await stage.connect();
      let isSent = false;
      const sending = caller.send(Buffer.concat([Buffer.from(head(body.length)), body])).then(() => (isSent = true));
      await until("it to wait", () => [...stage.gateway.sidecar.gateway.loads()][0]?.queued === 1);
      await Bun.sleep(200);
      expect(isSent).toBe(false);
      gate.open();
      expect((await first).status).toBe(200);
      expect((await caller.readAnswer()).status).toBe(200);
      await sending;
      expect(stage.upstream.lastRequest.message.body.length).toBe(body.length + "-there".length);
    });
  });

  test("is given up after first_byte when it never reads on", async () => {
    const config = { defaults: { timeouts: { first_byte: "400ms" } } };
    await Stage.with({ config }, async (stage) => {
      stage.upstream.respondToHead = ({ connection }) => {
        connection.pauseReading();
        return null;
      };
      const file = Buffer.alloc(40 * MIB, "x");
      const caller = await stage.connect();
      void caller.send(
        Buffer.concat([
          Buffer.from(head(start.length + file.length + end.length)),
          Buffer.from(start),
          file,
          Buffer.from(end),
        ]),
      );
      expect((await caller.readAnswer()).status).toBe(504);
      expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "timeout_first_byte" })).toBe(1);
    });
  });

  test("that takes a large body bit by bit is not timed out while it does", async () => {
    const config = { defaults: { timeouts: { first_byte: "300ms" } } };
    await Stage.with({ config }, async (stage) => {
      const gate = makeGate();
      stage.upstream.respondToHead = ({ connection }) => {
        // Takes two megabytes, rests, takes two more: longer than first_byte in all, never in one piece.
        void (async () => {
          while (connection.bytesReceived < 42 * MIB) {
            connection.pauseReading();
            await Bun.sleep(60);
            const before = connection.bytesReceived;
            connection.resumeReading();
            await until("two megabytes to be read", () => connection.bytesReceived - before > 2 * MIB);
          }
          gate.open();
        })();
        return null;
      };
      stage.upstream.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
      const caller = await stage.ask({ filler: "x".repeat(50 * MIB) });
      const answer = await caller.readAnswer();
      expect([answer.status, answer.text]).toEqual([200, expect.stringContaining("Hello.")]);
    });
  });
});
