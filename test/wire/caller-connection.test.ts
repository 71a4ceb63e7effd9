/** A caller's connection through the front door: its deadlines, its order, its ends. Framing is the raw cases' subject. */
import { describe, expect, test } from "bun:test";
import { chatCompletion, chatStream, eventStream, jsonAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import { writePost } from "../instruments/raw-client.ts";
import { makeGate, until } from "../instruments/until.ts";
import { CHAT, Stage, writeChat, type StageOptions } from "../gateway/stage.ts";

const withLimits = (limits: Record<string, unknown>, more: StageOptions = {}): StageOptions => ({
  ...more,
  config: { limits },
});

const OPEN_HEAD = `POST ${CHAT} HTTP/1.1\r\nhost: x\r\n`;
const MULTIPART_HEAD =
  "POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\n";
const MODEL_PART = '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n';
const FILE_PART = '--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n';

describe.concurrent("the head's deadline", () => {
  for (const [what, bytes, options] of [
    ["stops in its first line", "POST /v1/chat", {}],
    ["stops between two headers", OPEN_HEAD, {}],
    ["trickles", `${OPEN_HEAD}x-long: ${"a".repeat(400)}`, { pieceBytes: 4, pauseMs: 20 }],
  ] as const) {
    test(`ends a caller that ${what} with 408`, async () => {
      await Stage.with(withLimits({ head_timeout: "300ms" }), async (stage) => {
        const caller = await stage.connect();
        await caller.send(bytes, options);
        const answer = await caller.readAnswer();
        expect([answer.status, answer.header("connection")]).toEqual([408, "close"]);
        expect(answer.json()).toMatchObject({ error: { code: "request_timeout" } });
        await caller.waitForEnd();
        expect(await sumMetric(stage.gateway, "llm_requests_total", { status: "408" })).toBe(1);
      });
    });
  }

  test("ends a caller that says nothing without a word: there is no request to answer", async () => {
    await Stage.with(withLimits({ head_timeout: "200ms" }), async (stage) => {
      const caller = await stage.connect();
      expect(await caller.waitForEnd()).toBe("fin");
      expect(caller.received.length).toBe(0);
      expect(await sumMetric(stage.gateway, "llm_requests_total")).toBe(0);
    });
  });

  test("runs for each request of a connection, from its first byte on", async () => {
    await Stage.with(withLimits({ head_timeout: "400ms", keep_alive_timeout: "20s" }), async (stage) => {
      const caller = await stage.connect();
      for (let round = 0; round < 3; round++) {
        await caller.send(writeChat());
        expect((await caller.readAnswer(round)).status).toBe(200);
        // Idle for longer than a head may take: that is the keep-alive timeout's matter.
        await Bun.sleep(250);
      }
      await caller.send(OPEN_HEAD);
      expect((await caller.readAnswer(3)).status).toBe(408);
    });
  });

  test("holds no slot of the gateway's", async () => {
    await Stage.with(withLimits({ head_timeout: "20s", max_concurrent: 1 }), async (stage) => {
      const slow = await stage.connect();
      await slow.send(OPEN_HEAD);
      expect((await stage.answer()).status).toBe(200);
    });
  });
});

describe.concurrent("the body's deadline", () => {
  const slow: readonly (readonly [what: string, bytes: string])[] = [
    ["with a length", `${OPEN_HEAD}content-length: 100\r\n\r\n{"model":`],
    ["in chunks", `${OPEN_HEAD}transfer-encoding: chunked\r\n\r\n9\r\n{"model":\r\n`],
    ["before its first byte", `${OPEN_HEAD}content-length: 100\r\n\r\n`],
    [
      "that waits for 100 Continue and then sends nothing",
      `${OPEN_HEAD}expect: 100-continue\r\ncontent-length: 100\r\n\r\n`,
    ],
    ["multipart, before the model", `${MULTIPART_HEAD}content-length: 1000\r\n\r\n${FILE_PART}abc`],
  ];
  for (const [what, bytes] of slow) {
    test(`ends a slow body ${what} with 408, and nothing reached the provider`, async () => {
      await Stage.with(withLimits({ body_timeout: "300ms" }), async (stage) => {
        const caller = await stage.connect();
        await caller.send(bytes);
        const answer = await caller.readAnswer();
        expect([answer.status, answer.header("connection")]).toEqual([408, "close"]);
        expect(answer.json()).toMatchObject({ error: { code: "request_timeout" } });
        await caller.waitForEnd();
        expect(stage.upstream.totalRequests).toBe(0);
      });
    });
  }

  test("ends a slow upload that has begun to flow with 408, and lets the provider go", async () => {
    await Stage.with(withLimits({ body_timeout: "300ms" }), async (stage) => {
      const caller = await stage.connect();
      await caller.send(`${MULTIPART_HEAD}content-length: 1000\r\n\r\n${MODEL_PART}${FILE_PART}abc`);
      await stage.upstream.waitForRequests(1);
      expect((await caller.readAnswer()).status).toBe(408);
      await stage.upstream.waitForNoConnections();
      // The caller was late, not the provider.
      expect(await sumMetric(stage.gateway, "llm_upstream_error_total")).toBe(0);
    });
  });

  test("does not end a body that keeps coming at a fair rate", async () => {
    await Stage.with(withLimits({ body_timeout: "200ms" }), async (stage) => {
      const caller = await stage.connect();
      const body = JSON.stringify({ model: "m", filler: "x".repeat(40_000) });
      // 40 KB in 800 ms is more than 16 bytes a millisecond.
      await caller.send(writePost(CHAT, body), { pieceBytes: 2_000, pauseMs: 40 });
      expect((await caller.readAnswer()).status).toBe(200);
    });
  });

  test("does not run while it is the gateway that does not read", async () => {
    const provider = { max_concurrent: 1, queue: { size: 4, timeout: "20s" } };
    await Stage.with(withLimits({ body_timeout: "250ms" }, { provider }), async (stage) => {
      const gate = makeGate();
      stage.upstream.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
      const first = stage.answer();
      await stage.upstream.waitForRequests(1);
      const upload = await stage.connect();
      const file = "x".repeat(300_000);
      const end = "\r\n--b--\r\n";
      const length = MODEL_PART.length + FILE_PART.length + file.length + end.length;
      // So little of it that the rate a body must keep gives it no time beyond the deadline.
      await upload.send(`${MULTIPART_HEAD}content-length: ${length}\r\n\r\n${MODEL_PART}${FILE_PART}`);
      await until("the upload to wait", () => [...stage.gateway.sidecar.gateway.loads()][0]?.queued === 1);
      const sent = upload.send(`${file}${end}`);
      // Longer than a body may take: it is the queue that it waits for.
      await Bun.sleep(700);
      expect(upload.received.toString()).toBe("");
      gate.open();
      expect((await first).status).toBe(200);
      expect((await upload.readAnswer()).status).toBe(200);
      expect(await sent).toBe(true);
      expect(stage.upstream.lastRequest.message.body.length).toBe(length + "-there".length);
    });
  });
});

describe.concurrent("keep-alive", () => {
  test("serves request after request on one connection, over the socket and over TCP", async () => {
    await Stage.with({}, async (stage) => {
      for (const over of ["tcp", "unix"] as const) {
        const caller = await stage.connect(over);
        for (let round = 0; round < 20; round++) {
          await caller.send(writeChat({ round }));
          expect((await caller.readAnswer(round)).status).toBe(200);
        }
      }
      expect(await sumMetric(stage.gateway, "llm_requests_total", { status: "200" })).toBe(40);
    });
  });

  test("ends an idle connection after its timeout, without a word", async () => {
    await Stage.with(withLimits({ keep_alive_timeout: "250ms" }), async (stage) => {
      const caller = await stage.ask();
      const answer = await caller.readAnswer();
      expect(answer.header("connection")).toBeNull();
      const bytes = caller.received.length;
      expect(await caller.waitForEnd()).toBe("fin");
      expect(caller.received.length).toBe(bytes);
    });
  });

  test("does not end a connection whose answer takes longer than that", async () => {
    await Stage.with(withLimits({ keep_alive_timeout: "200ms" }), async (stage) => {
      stage.upstream.respond = () => [{ kind: "pause", ms: 700 }, ...chatCompletion()];
      expect((await stage.answer()).status).toBe(200);
    });
  });

  test("ends when the caller asks for it", async () => {
    await Stage.with({}, async (stage) => {
      for (const fields of [{}, { stream: true }]) {
        const caller = await stage.ask(fields, { headers: [["connection", "close"]] });
        const answer = await caller.readAnswer();
        expect([answer.status, answer.header("connection")]).toEqual([200, "close"]);
        expect(await caller.waitForEnd()).toBe("fin");
        expect(caller.syntaxError).toBeNull();
      }
    });
  });
});

describe("an HTTP/1.0 caller", () => {
  const ask = (headers: string, body: string): string =>
    `POST ${CHAT} HTTP/1.0\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;

  test("gets its answer and the end of the connection", async () => {
    await Stage.with({}, async (stage) => {
      const caller = await stage.connect();
      await caller.send(ask("", '{"model":"m"}'));
      const answer = await caller.readAnswer();
      expect([answer.framing, answer.header("connection")]).toEqual(["length", "close"]);
      expect(await caller.waitForEnd()).toBe("fin");
    });
  });

  test("that asks for keep-alive keeps the connection where the answer has a length", async () => {
    await Stage.with({}, async (stage) => {
      const caller = await stage.connect();
      for (let round = 0; round < 3; round++) {
        await caller.send(ask("connection: keep-alive\r\n", '{"model":"m"}'));
        const answer = await caller.readAnswer(round);
        expect([answer.status, answer.header("connection")]).toEqual([200, "keep-alive"]);
      }
    });
  });

  test("gets a stream without chunks, up to the end of the connection", async () => {
    await Stage.with({}, async (stage) => {
      const caller = await stage.connect();
      await caller.send(ask("connection: keep-alive\r\n", '{"model":"m","stream":true,"stream_options":{}}'));
      const answer = await caller.readAnswer();
      expect([answer.framing, answer.header("connection")]).toEqual(["until-close", "close"]);
      expect(answer.header("transfer-encoding")).toBeNull();
      expect(answer.text).toStartWith("data: {");
      expect(answer.text).toEndWith("data: [DONE]\n\n");
    });
  });

  test("is told by an error event that a stream broke", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => faults.finMidStream();
      const caller = await stage.connect();
      await caller.send(ask("", '{"model":"m","stream":true}'));
      await caller.waitForEnd();
      expect(caller.received.toString()).toContain("upstream_truncated");
      expect(caller.received.toString()).not.toContain("[DONE]");
    });
  });

  test("is told by a reset that another answer without a length broke: an end in good order would look whole", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => [
        {
          kind: "head",
          status: 200,
          headers: [
            ["content-type", "audio/mpeg"],
            ["transfer-encoding", "chunked"],
          ],
        },
        { kind: "chunk", data: "the beginning of a sound" },
        { kind: "pause", ms: 50 },
        { kind: "fin" },
      ];
      const caller = await stage.connect();
      await caller.send('POST /v1/audio/speech HTTP/1.0\r\ncontent-length: 13\r\n\r\n{"model":"m"}');
      await caller.readUntil("the beginning");
      expect(await caller.waitForEnd()).toBe("reset");
    });
  });
});

describe("pipelined requests", () => {
  /** Answers carry the number their request had. */
  const numbered = (count: number, filler = ""): Buffer =>
    Buffer.concat(Array.from({ length: count }, (_, number) => writeChat({ user: `number-${number}-`, filler })));
  const numberOf = (text: string): number => Number(/number-(\d+)-/.exec(text)?.[1]);

  for (const count of [2, 3, 10, 50]) {
    test(`${count} in one write are answered in order, one at a time, the first of them slowly`, async () => {
      await Stage.with({}, async (stage) => {
        const gate = makeGate();
        let isFirst = true;
        let running = 0;
        let mostRunning = 0;
        stage.upstream.respond = ({ message }) => {
          running++;
          mostRunning = Math.max(mostRunning, running);
          const answer = jsonAnswer({ number: numberOf(message.text) });
          const done = { kind: "call", run: () => running-- } as const;
          if (!isFirst) return [done, ...answer];
          isFirst = false;
          return [{ kind: "wait", until: gate.opened }, done, ...answer];
        };
        const caller = await stage.connect();
        await caller.send(numbered(count));
        await stage.upstream.waitForRequests(1);
        // Whoever answered the second before the first would have had the time.
        await Bun.sleep(50);
        expect([caller.received.length, stage.upstream.totalRequests]).toEqual([0, 1]);
        gate.open();
        await caller.readAnswer(count - 1);
        expect(caller.answers.map((answer) => (answer.json() as { number: number }).number)).toEqual(
          Array.from({ length: count }, (_, number) => number),
        );
        expect(mostRunning).toBe(1);
      });
    });
  }

  test("beyond 64 KiB wait in the caller's own socket, and none is lost", async () => {
    await Stage.with({}, async (stage) => {
      const gate = makeGate();
      let isFirst = true;
      stage.upstream.respond = ({ message }) => {
        const answer = jsonAnswer({ number: numberOf(message.text) });
        if (!isFirst) return answer;
        isFirst = false;
        return [{ kind: "wait", until: gate.opened }, ...answer];
      };
      const count = 60;
      const bytes = numbered(count, "x".repeat(200_000));
      const caller = await stage.connect();
      let isSent = false;
      const sending = caller.send(bytes).then((sent) => (isSent = sent));
      await stage.upstream.waitForRequests(1);
      await Bun.sleep(100);
      // 12 MB do not fit into the kernel's buffers: the caller feels that nobody reads.
      expect(isSent).toBe(false);
      gate.open();
      await caller.readAnswer(count - 1);
      await sending;
      expect(isSent).toBe(true);
      expect(caller.answers.map((answer) => (answer.json() as { number: number }).number)).toEqual(
        Array.from({ length: count }, (_, number) => number),
      );
      for (const { message } of stage.upstream.requests) expect(message.isComplete).toBe(true);
    });
  });

  test("of every kind keep their order", async () => {
    await Stage.with({}, async (stage) => {
      const caller = await stage.connect();
      for (const method of ["GET", "POST", "HEAD", "POST", "POST", "GET"]) caller.expectAnswerTo(method);
      await caller.send(
        Buffer.concat([
          Buffer.from("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"),
          writeChat({ stream: true }),
          Buffer.from("HEAD /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"),
          writeChat({ model: "unknown" }),
          writeChat(),
          Buffer.from("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"),
        ]),
      );
      await caller.readAnswer(5);
      expect(caller.answers.map((answer) => answer.status)).toEqual([200, 200, 200, 404, 200, 200]);
      expect(caller.answers[1]?.text).toEndWith("data: [DONE]\n\n");
      expect(caller.answers[2]?.body.length).toBe(0);
    });
  });

  test("behind one that closes the connection are not served", async () => {
    await Stage.with({}, async (stage) => {
      const caller = await stage.connect();
      await caller.send(Buffer.concat([writeChat({}, { headers: [["connection", "close"]] }), writeChat()]));
      await caller.waitForEnd();
      expect(caller.answers.length).toBe(1);
      expect(stage.upstream.totalRequests).toBe(1);
    });
  });

  test("behind a malformed one are not served, and what came before it is answered", async () => {
    await Stage.with({}, async (stage) => {
      const caller = await stage.connect();
      await caller.send(Buffer.concat([writeChat(), Buffer.from("GET / HTTP/1.1\r\nhost : x\r\n\r\n"), writeChat()]));
      await caller.waitForEnd();
      expect(caller.answers.map((answer) => answer.status)).toEqual([200, 400]);
      expect(stage.upstream.totalRequests).toBe(1);
    });
  });

  test("of a caller that leaves are forgotten, and the one that runs is cancelled", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      const caller = await stage.connect();
      await caller.send(numbered(10));
      await stage.upstream.waitForRequests(1);
      caller.close();
      await stage.upstream.waitForNoConnections();
      const exchanges = await stage.readExchanges(1);
      expect(exchanges).toMatchObject([{ outcome: "cancelled", status: 499 }]);
      expect(stage.upstream.totalRequests).toBe(1);
    });
  });
});

describe("Expect: 100-continue", () => {
  const head = (length: number, model = "m"): string =>
    `${OPEN_HEAD}expect: 100-continue\r\ncontent-length: ${length}\r\nx-model: ${model}\r\n\r\n`;

  test("is answered once the body is wanted; then the request goes on as any other", async () => {
    await Stage.with({}, async (stage) => {
      const caller = await stage.connect();
      for (let round = 0; round < 3; round++) {
        await caller.send(head(13));
        expect((await caller.readHead(2 * round)).status).toBe(100);
        await caller.send('{"model":"m"}');
        expect((await caller.readAnswer(round)).status).toBe(200);
      }
      expect(stage.upstream.lastRequest.message.header("expect")).toBeNull();
    });
  });

  test("is not answered where the body came without waiting", async () => {
    await Stage.with({}, async (stage) => {
      const caller = await stage.connect();
      await caller.send(`${head(13)}{"model":"m"}`);
      expect((await caller.readAnswer()).status).toBe(200);
      expect(caller.messages.map((message) => message.status)).toEqual([200]);
    });
  });

  test("is answered with the refusal where the body is not wanted", async () => {
    await Stage.with(withLimits({ max_body_bytes: "1KiB" }), async (stage) => {
      const caller = await stage.connect();
      await caller.send(head(5_000));
      expect((await caller.readAnswer()).status).toBe(413);
      expect(caller.messages.length).toBe(1);
      await caller.waitForEnd();
    });
  });

  test("is answered for an upload, too", async () => {
    await Stage.with({}, async (stage) => {
      const caller = await stage.connect();
      const body = `${MODEL_PART}${FILE_PART}abc\r\n--b--\r\n`;
      await caller.send(`${MULTIPART_HEAD}expect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n`);
      expect((await caller.readHead()).status).toBe(100);
      await caller.send(body);
      expect((await caller.readAnswer()).status).toBe(200);
    });
  });
});

describe("a caller that leaves", () => {
  for (const [what, leave] of [
    ["with a reset", "abort"],
    ["in good order", "close"],
    ["by closing its half", "halfClose"],
  ] as const) {
    for (const over of ["tcp", "unix"] as const) {
      test(`${what} over ${over} frees its provider in mid-stream`, async () => {
        await Stage.with({}, async (stage) => {
          stage.upstream.respond = () => [...chatStream().slice(0, 3), { kind: "silence" }];
          const caller = await stage.connect(over);
          await caller.send(writeChat({ stream: true }));
          await caller.readUntil("Hel");
          caller[leave]();
          await stage.upstream.waitForNoConnections();
          const [line] = await stage.readExchanges(1);
          expect(line).toMatchObject({ outcome: "cancelled", phase: "streaming", status: 200 });
        });
      });
    }
  }

  test("while it does not read frees its provider as well", async () => {
    await Stage.with({}, async (stage) => {
      const filler = `data: {"choices":[],"filler":"${"x".repeat(64 * 1024)}"}\n\n`;
      stage.upstream.respond = () => eventStream(Array.from({ length: 400 }, () => filler));
      const caller = await stage.connect();
      caller.pauseReading();
      await caller.send(writeChat({ stream: true }));
      await until("bytes to be held", () => stage.gateway.sidecar.gateway.pending.totalBytes > 0);
      caller.abort();
      await stage.upstream.waitForNoConnections();
      expect(stage.gateway.sidecar.gateway.pending.totalBytes).toBe(0);
    });
  });

  test("while the gateway does not read from it frees its provider as well", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      const caller = await stage.connect();
      // Behind the request that runs, more than is kept: the gateway has stopped reading.
      const flood = Buffer.alloc(1024 * 1024, "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n");
      await caller.send(writeChat());
      await stage.upstream.waitForRequests(1);
      void caller.send(flood);
      await Bun.sleep(100);
      caller.abort();
      await stage.upstream.waitForNoConnections();
    });
  });
});
