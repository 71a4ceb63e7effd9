/** SIGTERM as callers see it: what was begun is finished, nothing new is begun, and the process ends. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chatCompletion, chatStream, responsesStreamEvents, eventStream } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { RawClient, writePost } from "../instruments/raw-client.ts";
import { makeGate, until, within } from "../instruments/until.ts";
import { Stage, writeChat, type StageOptions } from "./stage.ts";

/** A stage that the test drains itself: what comes after the end cannot be asked any more. */
async function withDrain(options: StageOptions, run: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await Stage.open(options);
  try {
    await run(stage);
  } finally {
    await stage.gateway.stop();
    stage.upstream.stop();
  }
}

const drain = (stage: Stage): void => stage.gateway.sidecar.signal();
const ended = (stage: Stage): Promise<number> => within("the gateway to end", stage.gateway.sidecar.ended);

async function readiness(stage: Stage): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${stage.gateway.opsPort}/health/ready`);
  await response.arrayBuffer();
  return response.status;
}

async function isRefused(stage: Stage, over: "tcp" | "unix"): Promise<boolean> {
  try {
    const target =
      over === "tcp"
        ? ({ kind: "tcp", port: stage.gateway.httpPort } as const)
        : ({ kind: "unix", path: stage.gateway.socketPath } as const);
    (await RawClient.connect(target)).close();
    return false;
  } catch {
    // Refused, or its socket's file is gone: nobody is taken any more.
    return true;
  }
}

describe("a gateway with nothing to do", () => {
  test("ends at once with exit code 0, and takes its socket with it", async () => {
    await withDrain({}, async (stage) => {
      const idle = await stage.connect();
      await idle.send(writeChat());
      await idle.readAnswer();
      expect(existsSync(stage.gateway.socketPath)).toBe(true);
      drain(stage);
      expect(await ended(stage)).toBe(0);
      expect(existsSync(stage.gateway.socketPath)).toBe(false);
      // Who was idle on a kept connection sees it end in good order.
      expect(await idle.waitForEnd()).toBe("fin");
    });
  });
});

describe("a gateway with streams open", () => {
  test("is not ready at once, refuses who comes, finishes what runs, and ends with exit code 0", async () => {
    await withDrain({}, async (stage) => {
      const gate = makeGate();
      const script = chatStream({ chunks: ["one", "two"] });
      stage.upstream.respond = () => [...script.slice(0, 3), { kind: "wait", until: gate.opened }, ...script.slice(3)];
      const callers = [await stage.connect("tcp"), await stage.connect("unix")];
      for (const caller of callers) {
        await caller.send(writeChat({ stream: true, stream_options: {} }));
        await caller.readUntil("one");
      }
      drain(stage);
      expect(await readiness(stage)).toBe(503);
      for (const over of ["tcp", "unix"] as const) {
        await until(`${over} to refuse`, () => isRefused(stage, over));
      }
      let isEnded = false;
      void stage.gateway.sidecar.ended.then(() => (isEnded = true));
      await Bun.sleep(100);
      expect(isEnded).toBe(false);
      gate.open();
      for (const caller of callers) expect((await caller.readAnswer()).text).toEndWith("data: [DONE]\n\n");
      expect(await ended(stage)).toBe(0);
    });
  });

  test("finishes what is still to be answered, and says connection: close", async () => {
    await withDrain({}, async (stage) => {
      const gate = makeGate();
      stage.upstream.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
      const plain = await stage.ask();
      const streamed = await stage.ask({ stream: true });
      await stage.upstream.waitForRequests(2);
      drain(stage);
      stage.upstream.respond = () => chatCompletion();
      gate.open();
      for (const caller of [plain, streamed]) {
        const answer = await caller.readAnswer();
        expect([answer.status, answer.header("connection")]).toEqual([200, "close"]);
        expect(await caller.waitForEnd()).toBe("fin");
      }
      expect(await ended(stage)).toBe(0);
    });
  });

  test("serves who still comes on a kept connection, once: that answer says connection: close", async () => {
    await withDrain({}, async (stage) => {
      const kept = await stage.connect();
      await kept.send(writeChat());
      expect((await kept.readAnswer()).header("connection")).toBeNull();
      const gate = makeGate();
      stage.upstream.respond = ({ message }) =>
        message.text.includes('"long"')
          ? [{ kind: "wait", until: gate.opened }, ...chatCompletion()]
          : chatCompletion();
      const long = await stage.ask({ user: "long" });
      await stage.upstream.waitForRequests(2);
      drain(stage);
      await kept.send(writeChat());
      const answer = await kept.readAnswer(1);
      expect([answer.status, answer.header("connection")]).toEqual([200, "close"]);
      expect(await kept.waitForEnd()).toBe("fin");
      gate.open();
      expect((await long.readAnswer()).status).toBe(200);
      expect(await ended(stage)).toBe(0);
    });
  });

  test("tells the ops listener's askers until the end", async () => {
    await withDrain({}, async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      const caller = await stage.ask();
      await stage.upstream.waitForRequests(1);
      drain(stage);
      const status = await fetch(`http://127.0.0.1:${stage.gateway.opsPort}/status`);
      expect(await status.json()).toMatchObject({ draining: true, in_flight: 1 });
      const live = await fetch(`http://127.0.0.1:${stage.gateway.opsPort}/health/live`);
      expect(live.status).toBe(200);
      caller.abort();
      expect(await ended(stage)).toBe(0);
    });
  });
});

describe("drain.delay", () => {
  test("leaves the door open for a while, not ready: callers who have not heard yet are served", async () => {
    await withDrain({ config: { drain: { delay: "400ms", timeout: "5s" } } }, async (stage) => {
      drain(stage);
      expect(await readiness(stage)).toBe(503);
      for (const over of ["tcp", "unix"] as const) {
        const caller = await stage.connect(over);
        await caller.send(writeChat());
        const answer = await caller.readAnswer();
        expect([answer.status, answer.header("connection")]).toEqual([200, "close"]);
      }
      expect(await ended(stage)).toBe(0);
      expect(await isRefused(stage, "tcp")).toBe(true);
    });
  });
});

describe("drain.timeout", () => {
  const config = { drain: { timeout: "200ms" } };

  test("cuts what streams with an error event in its dialect and a broken end; the exit code is 0", async () => {
    await withDrain({ config }, async (stage) => {
      stage.upstream.respond = ({ message }) =>
        message.target.endsWith("/responses")
          ? eventStream(responsesStreamEvents().slice(0, 2), { ending: [{ kind: "silence" }] })
          : [...chatStream().slice(0, 3), { kind: "silence" }];
      const chat = await stage.ask({ stream: true });
      await chat.readUntil("Hel");
      const responses = await stage.connect();
      await responses.send(writePost("/v1/responses", '{"model":"m","input":"x","stream":true}'));
      await responses.readUntil("Hel");
      drain(stage);
      for (const [caller, event] of [
        [chat, /data: {"error":{"message":"The gateway is shutting down."/],
        [responses, /event: error\ndata: {"type":"error",[^\n]*"code":"shutting_down"/],
      ] as const) {
        expect(await caller.waitForEnd()).toBe("fin");
        const text = caller.received.toString();
        expect(text).toMatch(event);
        expect(text).not.toContain("[DONE]");
        expect(caller.messages[0]?.isComplete).toBe(false);
      }
      expect(await ended(stage)).toBe(0);
      await stage.upstream.waitForNoConnections();
      expect(stage.gateway.sidecar.ledger.held).toBe(0);
    });
  });

  test("answers what was not answered yet, wherever it was, with 503", async () => {
    const provider = { max_concurrent: 1, queue: { size: 5, timeout: "20s" } };
    await withDrain({ config, provider }, async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      const waiting = await stage.ask();
      await stage.upstream.waitForRequests(1);
      const queued = await stage.ask();
      const reading = await stage.connect();
      await reading.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
      await until("all three to be there", () => stage.gateway.sidecar.gateway.inFlight === 3);
      drain(stage);
      for (const caller of [waiting, queued, reading]) {
        const answer = await caller.readAnswer();
        expect([answer.status, answer.json()]).toMatchObject([503, { error: { code: "shutting_down" } }]);
      }
      expect(await ended(stage)).toBe(0);
      expect(stage.gateway.sidecar.ledger.held).toBe(0);
    });
  });

  test("is not waited for by a caller that does not read: the end comes all the same", async () => {
    await withDrain({ config }, async (stage) => {
      const filler = `data: {"choices":[],"filler":"${"x".repeat(64 * 1024)}"}\n\n`;
      stage.upstream.respond = () => eventStream(Array.from({ length: 400 }, () => filler));
      const caller = await stage.connect();
      caller.pauseReading();
      await caller.send(writeChat({ stream: true }));
      await until("bytes to be held", () => stage.gateway.sidecar.gateway.pending.totalBytes > 0);
      drain(stage);
      expect(await ended(stage)).toBe(0);
      await stage.upstream.waitForNoConnections();
    });
  });
});

describe("a second signal", () => {
  test("ends at once, whatever runs", async () => {
    await withDrain({ config: { drain: { timeout: "60s" } } }, async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      await stage.ask({ stream: true });
      await stage.upstream.waitForRequests(1);
      drain(stage);
      expect(await readiness(stage)).toBe(503);
      drain(stage);
      expect(await ended(stage)).toBe(1);
    });
  });
});
