/** The four timeouts: each ends what it is named for, tells the caller and the metrics which it was, and frees the provider. */
import { describe, expect, test } from "bun:test";
import { chatCompletion, chatStreamEvents, EVENT_STREAM, eventStream } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import type { Step } from "../instruments/script.ts";
import { until } from "../instruments/until.ts";
import { Stage, type StageOptions } from "../gateway/stage.ts";
import { openFullBacklog } from "./full-backlog.ts";

const STREAM = { stream: true, stream_options: { include_usage: true } };

/** Only the one under test is short. */
function withTimeouts(timeouts: Record<string, string>, more: StageOptions = {}): StageOptions {
  const defaults = { timeouts: { connect: "20s", first_byte: "20s", idle: "20s", total: "60s", ...timeouts } };
  return { ...more, config: { defaults, ...more.config } };
}

async function expectCounted(stage: Stage, type: string): Promise<void> {
  expect(await sumMetric(stage.gateway, "llm_upstream_error_total")).toBe(1);
  expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: type })).toBe(1);
  expect(stage.gateway.sidecar.ledger.held).toBe(0);
}

/** An answer of the gateway's: the provider did not do it in time. */
async function expectTimedOut(stage: Stage, type: string): Promise<void> {
  const answer = await stage.answer();
  expect([answer.status, answer.json()]).toMatchObject([504, { error: { code: "upstream_timeout" } }]);
  await expectCounted(stage, type);
  const [line] = await stage.readExchanges(1);
  expect(line).toMatchObject({ status: 504, outcome: "failed", error: expect.stringContaining("upstream_timeout") });
}

/** A stream that was shown to be broken. */
async function expectBrokenOff(stage: Stage, type: string): Promise<void> {
  const caller = await stage.ask(STREAM);
  expect(await caller.waitForEnd()).toBe("fin");
  const text = caller.received.toString();
  expect(text).toContain('"code":"upstream_timeout"');
  expect(text).not.toContain("[DONE]");
  expect(caller.messages[0]?.isComplete).toBe(false);
  await expectCounted(stage, type);
  const [line] = await stage.readExchanges(1);
  expect(line).toMatchObject({ status: 200, outcome: "truncated", error: expect.stringContaining("upstream_timeout") });
}

describe.concurrent("connect", () => {
  test.skipIf(process.platform !== "linux")("ends a wait for a host that neither accepts nor refuses", async () => {
    const gone = await openFullBacklog();
    try {
      const options: StageOptions = { baseUrl: () => `http://127.0.0.1:${gone.port}/v1` };
      await Stage.with(withTimeouts({ connect: "300ms" }, options), async (stage) => {
        await expectTimedOut(stage, "timeout_connect");
      });
    } finally {
      gone.close();
    }
  });

  test("ends a TLS handshake that does not go on", async () => {
    const options: StageOptions = {
      baseUrl: (upstream) => `https://localhost:${upstream.port}/v1`,
      upstream: { planConnection: faults.handshakeSilence },
    };
    await Stage.with(withTimeouts({ connect: "300ms" }, options), async (stage) => {
      await expectTimedOut(stage, "timeout_connect");
      await stage.upstream.waitForNoConnections();
    });
  });
});

describe.concurrent("first_byte", () => {
  for (const [what, script] of [
    ["never answers", faults.blackhole()],
    ["stops inside its head", faults.stalledHeaders()],
    ["sends interim answers only", [{ kind: "bytes", data: "HTTP/1.1 103 Early Hints\r\n\r\n" }, { kind: "silence" }]],
  ] as const) {
    test(`ends a provider that ${what}`, async () => {
      await Stage.with(withTimeouts({ first_byte: "300ms" }), async (stage) => {
        stage.upstream.respond = () => script;
        await expectTimedOut(stage, "timeout_first_byte");
        await stage.upstream.waitForNoConnections();
      });
    });
  }

  test("runs for a pooled connection, too, and is not tried again", async () => {
    await Stage.with(withTimeouts({ first_byte: "300ms" }), async (stage) => {
      await stage.answer();
      stage.upstream.respond = () => faults.blackhole();
      expect((await stage.answer()).status).toBe(504);
      expect(stage.upstream.totalRequests).toBe(2);
    });
  });

  test("does not count the time a caller takes for its upload", async () => {
    await Stage.with(withTimeouts({ first_byte: "250ms" }), async (stage) => {
      const caller = await stage.connect();
      const rest = "\r\nrest\r\n--b--\r\n";
      const start =
        '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n';
      await caller.send(
        "POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\n" +
          `content-length: ${start.length + rest.length}\r\n\r\n${start}`,
      );
      await stage.upstream.waitForRequests(1);
      // The caller is slow, the provider only waits for it.
      await Bun.sleep(600);
      expect(caller.received.toString()).toBe("");
      await caller.send(rest);
      expect((await caller.readAnswer()).status).toBe(200);
      expect(await sumMetric(stage.gateway, "llm_upstream_error_total")).toBe(0);
    });
  });
});

describe.concurrent("idle", () => {
  test("ends a stream that falls silent", async () => {
    await Stage.with(withTimeouts({ idle: "300ms" }), async (stage) => {
      stage.upstream.respond = () => faults.silenceMidStream();
      await expectBrokenOff(stage, "timeout_idle");
      await stage.upstream.waitForNoConnections();
    });
  });

  test("ends an answer that falls silent before anything of it was passed on, as an error of its own", async () => {
    await Stage.with(withTimeouts({ idle: "300ms" }), async (stage) => {
      stage.upstream.respond = () => [
        ...chatCompletion().slice(0, 1),
        { kind: "bytes", data: "{" },
        { kind: "silence" },
      ];
      await expectTimedOut(stage, "timeout_idle");
    });
  });

  test("does not end a stream that is slow and steady", async () => {
    await Stage.with(withTimeouts({ idle: "400ms" }), async (stage) => {
      const events = chatStreamEvents({ chunks: ["a", "b", "c", "d", "e", "f"] });
      stage.upstream.respond = () => [
        ...eventStream(events).flatMap((step): Step[] => [{ kind: "pause", ms: 120 }, step]),
      ];
      const caller = await stage.ask(STREAM);
      expect((await caller.readAnswer()).text).toBe(events.join(""));
    });
  });

  test("does not run while the caller stalls: silence that nobody listens to is nobody's fault", async () => {
    await Stage.with(withTimeouts({ idle: "300ms" }), async (stage) => {
      const filler = `data: {"choices":[],"filler":"${"x".repeat(64 * 1024)}"}\n\n`;
      const events = [...Array.from({ length: 400 }, () => filler), ...chatStreamEvents()];
      stage.upstream.respond = () => eventStream(events);
      const caller = await stage.connect();
      caller.pauseReading();
      await caller.send(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 27\r\n\r\n${'{"model":"m","stream":true}'}`,
      );
      await until("the gateway to hold bytes", () => stage.gateway.sidecar.gateway.pending.totalBytes > 0);
      // Longer than the timeout: what is tested is that it does not strike.
      await Bun.sleep(900);
      expect(stage.upstream.lastRequest.connection.isOpen).toBe(true);
      expect(caller.received.length).toBeLessThan(events.join("").length);
      caller.resumeReading();
      const answer = await caller.readAnswer();
      expect(Bun.hash(answer.body)).toBe(Bun.hash(events.join("")));
    });
  });

  test("runs again once the caller reads again", async () => {
    await Stage.with(withTimeouts({ idle: "300ms" }), async (stage) => {
      const filler = `data: {"choices":[],"filler":"${"x".repeat(64 * 1024)}"}\n\n`;
      stage.upstream.respond = () =>
        eventStream(
          Array.from({ length: 400 }, () => filler),
          { ending: [{ kind: "silence" }] },
        );
      const caller = await stage.connect();
      caller.pauseReading();
      await caller.send(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 27\r\n\r\n${'{"model":"m","stream":true}'}`,
      );
      await until("the gateway to hold bytes", () => stage.gateway.sidecar.gateway.pending.totalBytes > 0);
      caller.resumeReading();
      expect(await caller.waitForEnd()).toBe("fin");
      expect(caller.received.includes("upstream_timeout")).toBe(true);
      await expectCounted(stage, "timeout_idle");
    });
  });
});

describe.concurrent("total", () => {
  test("ends a provider that has not begun to answer", async () => {
    await Stage.with(withTimeouts({ total: "300ms" }), async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      await expectTimedOut(stage, "timeout_total");
    });
  });

  test("ends a stream however busy it is", async () => {
    await Stage.with(withTimeouts({ total: "500ms" }), async (stage) => {
      const forever = function* (): Generator<Step> {
        yield* eventStream([]).slice(0, 1);
        for (let index = 0; index < 10_000; index++) {
          yield { kind: "chunk", data: `data: {"choices":[],"n":${index}}\n\n` };
          yield { kind: "pause", ms: 10 };
        }
      };
      stage.upstream.respond = () => [...forever()];
      await expectBrokenOff(stage, "timeout_total");
    });
  });

  test("counts the time in the queue: what is left of it is the provider's", async () => {
    const provider = { max_concurrent: 1, queue: { size: 1, timeout: "20s" } };
    await Stage.with(withTimeouts({ total: "800ms" }, { provider }), async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      const startedMs = performance.now();
      const [first, second] = await Promise.all([stage.answer(), stage.answer()]);
      expect([first.status, second.status]).toEqual([504, 504]);
      // Both began together, so both end together: twice the timeout would mean the second had been given a new one.
      expect(performance.now() - startedMs).toBeLessThan(1_550);
    });
  });
});

test("the content type of a stream is its provider's, broken or not", async () => {
  await Stage.with(withTimeouts({ idle: "300ms" }), async (stage) => {
    stage.upstream.respond = () => faults.silenceMidStream();
    const caller = await stage.ask(STREAM);
    expect((await caller.readHead()).header("content-type")).toBe(EVENT_STREAM);
    await caller.waitForEnd();
  });
});
