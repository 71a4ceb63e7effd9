/** Bulkheads through the front door: full is full at once, a queue is fair, and a permit is held to the last byte taken. */
import { describe, expect, test } from "bun:test";
import { chatCompletion, chatStream, EVENT_STREAM } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { readHeld, sumMetric } from "../instruments/permit-audit.ts";
import type { RawClient } from "../instruments/raw-client.ts";
import type { Script } from "../instruments/script.ts";
import { makeGate, until } from "../instruments/until.ts";
import { answerRequest, Stage, writeChat } from "../gateway/stage.ts";

const load = (stage: Stage): { inFlight: number; queued: number } => {
  const [first] = [...stage.gateway.sidecar.gateway.loads()];
  return { inFlight: first?.inFlight ?? 0, queued: first?.queued ?? 0 };
};

async function expectOverloaded(stage: Stage, whose: string): Promise<void> {
  const rejected = await sumMetric(stage.gateway, "llm_bulkhead_rejected_total", { provider: whose });
  const answer = await stage.answer();
  expect([answer.status, answer.json()]).toMatchObject([503, { error: { code: "overloaded", type: "server_error" } }]);
  expect(Number(answer.header("retry-after"))).toBeGreaterThan(0);
  // The connection stays good: the caller is to come back, not to dial again.
  expect(answer.header("connection")).toBeNull();
  expect(await sumMetric(stage.gateway, "llm_bulkhead_rejected_total", { provider: whose })).toBe(rejected + 1);
}

describe("a provider at its max_concurrent", () => {
  test("refuses the next request at once, with Retry-After, and takes one again when a place is free", async () => {
    await Stage.with({ provider: { max_concurrent: 2 } }, async (stage) => {
      const gate = makeGate();
      stage.upstream.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
      const running = [stage.answer(), stage.answer()];
      await stage.upstream.waitForRequests(2);
      for (let round = 0; round < 3; round++) await expectOverloaded(stage, "fake");
      expect(stage.upstream.totalRequests).toBe(2);
      expect(await readHeld(stage.gateway)).toEqual({ inFlightByStatus: 2, inFlightByMetrics: 2 });
      gate.open();
      for (const answer of await Promise.all(running)) expect(answer.status).toBe(200);
      expect((await stage.answer()).status).toBe(200);
    });
  });

  test("leaves other providers alone", async () => {
    await Stage.with({ provider: { max_concurrent: 1 } }, async (stage) => {
      await stage.reload({
        providers: { other: { provider: "openai-compatible", base_url: `${stage.upstream.origin}/other` } },
      });
      stage.upstream.respond = (request) =>
        request.message.target.startsWith("/other") ? answerRequest(request) : faults.blackhole();
      await stage.ask();
      await stage.upstream.waitForRequests(1);
      await expectOverloaded(stage, "fake");
      expect((await stage.answer({ model: "other/x" })).status).toBe(200);
    });
  });
});

describe("the gateway at its max_concurrent", () => {
  test("refuses the next request at once, but answers probes and the list of models", async () => {
    await Stage.with({ config: { limits: { max_concurrent: 1 } } }, async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      await stage.ask();
      await stage.upstream.waitForRequests(1);
      await expectOverloaded(stage, "gateway");
      for (const path of ["/health/ready", "/health/live", "/v1/models"]) {
        const caller = await stage.connect();
        await caller.send(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
        expect((await caller.readAnswer()).status).toBe(200);
      }
    });
  });

  test("counts a request whose body is still on its way: a slot is memory, too", async () => {
    await Stage.with({ config: { limits: { max_concurrent: 1 } } }, async (stage) => {
      const slow = await stage.connect();
      await slow.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
      await until("it to be taken", () => stage.gateway.sidecar.ledger.held === 1);
      await expectOverloaded(stage, "gateway");
      slow.close();
      await until("the slot to be free", () => stage.gateway.sidecar.ledger.held === 0);
      expect((await stage.answer()).status).toBe(200);
    });
  });
});

describe("a queue", () => {
  const queued = (size: number, timeout = "20s"): Record<string, unknown> => ({
    max_concurrent: 1,
    queue: { size, timeout },
  });

  /** A stage whose provider answers one request each time it is told to; says in which order they came. */
  async function withQueue(
    provider: Record<string, unknown>,
    run: (stage: Stage, next: () => void, order: () => (string | undefined)[]) => Promise<void>,
  ): Promise<void> {
    await Stage.with({ provider }, async (stage) => {
      let gate = makeGate();
      stage.upstream.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
      const next = (): void => {
        const opened = gate;
        gate = makeGate();
        opened.open();
      };
      const order = (): (string | undefined)[] =>
        stage.upstream.requests.map(({ message }) => (message.json() as { user?: string }).user);
      await run(stage, next, order);
    });
  }

  /** Sends one after the other, each known to stand in the queue before the next. */
  async function lineUp(stage: Stage, users: readonly string[]): Promise<RawClient[]> {
    const callers: RawClient[] = [];
    for (const user of users) {
      const { queued: before } = load(stage);
      callers.push(await stage.ask({ user }));
      await until(`${user} to stand in the queue`, () => load(stage).queued === before + 1);
    }
    return callers;
  }

  test("is served first come first served", async () => {
    await withQueue(queued(10), async (stage, next, order) => {
      const first = await stage.ask({ user: "0" });
      await stage.upstream.waitForRequests(1);
      const waiting = await lineUp(stage, ["1", "2", "3", "4"]);
      expect(await sumMetric(stage.gateway, "llm_in_flight_requests", { provider: "fake" })).toBe(1);
      for (const [index, caller] of [first, ...waiting].entries()) {
        next();
        expect((await caller.readAnswer()).status).toBe(200);
        if (index < 4) await stage.upstream.waitForRequests(index + 2);
      }
      expect(order()).toEqual(["0", "1", "2", "3", "4"]);
    });
  });

  test("that is full refuses the next at once", async () => {
    await withQueue(queued(2), async (stage, next) => {
      const first = await stage.ask();
      await stage.upstream.waitForRequests(1);
      const waiting = await lineUp(stage, ["1", "2"]);
      await expectOverloaded(stage, "fake");
      for (const caller of [first, ...waiting]) {
        await until("one to run", () => stage.upstream.busyConnections === 1);
        next();
        expect((await caller.readAnswer()).status).toBe(200);
      }
    });
  });

  test("refuses who has waited for its timeout", async () => {
    await withQueue(queued(5, "200ms"), async (stage, next) => {
      const first = await stage.ask();
      await stage.upstream.waitForRequests(1);
      await expectOverloaded(stage, "fake");
      expect(load(stage)).toEqual({ inFlight: 1, queued: 0 });
      next();
      expect((await first.readAnswer()).status).toBe(200);
      expect(stage.upstream.totalRequests).toBe(1);
    });
  });

  test("is left at once by who leaves, and the next in line moves up", async () => {
    for (const leave of ["abort", "close"] as const) {
      await withQueue(queued(10), async (stage, next, order) => {
        const first = await stage.ask({ user: "0" });
        await stage.upstream.waitForRequests(1);
        const [one, two, three] = (await lineUp(stage, ["1", "2", "3"])) as [RawClient, RawClient, RawClient];
        one[leave]();
        await until("it to have left the queue", () => load(stage).queued === 2);
        expect((await stage.readExchanges(1))[0]).toMatchObject({ outcome: "cancelled", phase: "queued", status: 499 });
        next();
        expect((await first.readAnswer()).status).toBe(200);
        await stage.upstream.waitForRequests(2);
        next();
        expect((await two.readAnswer()).status).toBe(200);
        await stage.upstream.waitForRequests(3);
        next();
        expect((await three.readAnswer()).status).toBe(200);
        expect(order()).toEqual(["0", "2", "3"]);
      });
    }
  });

  test("moves up when who is served leaves", async () => {
    await withQueue(queued(10), async (stage, next) => {
      const first = await stage.ask();
      await stage.upstream.waitForRequests(1);
      const [second] = (await lineUp(stage, ["1"])) as [RawClient];
      first.abort();
      await stage.upstream.waitForRequests(2);
      next();
      expect((await second.readAnswer()).status).toBe(200);
    });
  });

  test("of the gateway holds who waits before its body is read", async () => {
    const config = { limits: { max_concurrent: 1, queue: { size: 1, timeout: "20s" } } };
    await Stage.with({ config }, async (stage) => {
      const gate = makeGate();
      stage.upstream.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
      const first = stage.answer();
      await stage.upstream.waitForRequests(1);
      let isSent = false;
      const second = stage.ask({ filler: "x".repeat(24 * 1024 * 1024) });
      void second.then(() => (isSent = true));
      await until("two to be there", () => stage.gateway.sidecar.gateway.inFlight === 2);
      expect((await stage.answer()).status).toBe(503);
      await Bun.sleep(100);
      expect(isSent).toBe(false);
      gate.open();
      expect((await first).status).toBe(200);
      expect((await (await second).readAnswer()).status).toBe(200);
    });
  });
});

describe("a permit", () => {
  const held = (stage: Stage): number => stage.gateway.sidecar.ledger.held;

  test("is held while a stream runs, not until its head", async () => {
    await Stage.with({ provider: { max_concurrent: 1 } }, async (stage) => {
      const gate = makeGate();
      const script = chatStream();
      stage.upstream.respond = () => [...script.slice(0, 3), { kind: "wait", until: gate.opened }, ...script.slice(3)];
      const caller = await stage.ask({ stream: true });
      await caller.readUntil("Hel");
      expect(load(stage).inFlight).toBe(1);
      await expectOverloaded(stage, "fake");
      gate.open();
      await caller.readAnswer();
      expect((await stage.answer()).status).toBe(200);
    });
  });

  test("is held until the caller has taken the last byte, though the provider is long done", async () => {
    await Stage.with({ provider: { max_concurrent: 1 } }, async (stage) => {
      const body = `data: {"choices":[],"filler":"${"x".repeat(12 * 1024 * 1024)}"}\n\ndata: [DONE]\n\n`;
      stage.upstream.respond = () => [
        {
          kind: "head",
          status: 200,
          headers: [
            ["content-type", EVENT_STREAM],
            ["content-length", String(body.length)],
          ],
        },
        { kind: "bytes", data: body },
      ];
      const caller = await stage.connect();
      caller.pauseReading();
      await caller.send(writeChat({ stream: true }));
      await until("bytes to be held", () => stage.gateway.sidecar.gateway.pending.totalBytes > 0);
      await expectOverloaded(stage, "fake");
      caller.resumeReading();
      await caller.readAnswer();
      await until("the place to be free", () => load(stage).inFlight === 0);
    });
  });

  const broken: readonly (readonly [name: string, script: Script])[] = [
    ["a refusal by the provider", faults.serverError()],
    ["a provider that dies", faults.resetBeforeHeaders()],
    ["a malformed answer", faults.garbage()],
    ["half an answer", faults.truncatedJson()],
    ["a stream that breaks", faults.finMidStream()],
    ["a stream that is malformed", faults.badChunkSize()],
    ["a redirect", faults.redirectElsewhere()],
    ["a timeout", faults.blackhole()],
    ["a stream that falls silent", faults.silenceMidStream()],
  ];
  test("is given back once on every way out of the provider's", async () => {
    const config = { defaults: { timeouts: { first_byte: "200ms", idle: "200ms" } } };
    await Stage.with({ provider: { max_concurrent: 1 }, config }, async (stage) => {
      for (const [name, script] of broken) {
        stage.upstream.respond = () => script;
        const caller = await stage.ask({ stream: true });
        await until(`${name} to end`, () => caller.answers.length > 0 || caller.end !== "open");
        await until(`nothing to be held after ${name}`, () => held(stage) === 0);
      }
      expect(stage.gateway.sidecar.ledger.doubleSettled).toBe(0);
      stage.upstream.respond = answerRequest;
      expect((await stage.answer()).status).toBe(200);
    });
  });

  test("is given back once in whatever phase the caller leaves", async () => {
    await Stage.with({ provider: { max_concurrent: 1, queue: { size: 5, timeout: "20s" } } }, async (stage) => {
      const leaveIn: readonly (readonly [
        phase: string,
        script: Script,
        when: (caller: RawClient) => Promise<unknown>,
      ])[] = [
        ["waiting", faults.blackhole(), () => stage.upstream.waitForRequests(1)],
        ["waiting", faults.stalledHeaders(), () => stage.upstream.waitForRequests(1)],
        ["streaming", [...chatStream().slice(0, 3), { kind: "silence" }], (caller) => caller.readUntil("Hel")],
      ];
      for (const [phase, script, when] of leaveIn) {
        for (const leave of ["abort", "close", "halfClose"] as const) {
          stage.upstream.forget();
          stage.upstream.respond = () => script;
          const caller = await stage.ask({ stream: true });
          await when(caller);
          caller[leave]();
          await until(`nothing to be held after leaving while ${phase}`, () => held(stage) === 0);
        }
      }
      const reading = await stage.connect();
      await reading.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
      await until("it to be read", () => held(stage) === 1);
      reading.close();
      await until("nothing to be held after leaving while reading", () => held(stage) === 0);
      expect(stage.gateway.sidecar.ledger.doubleSettled).toBe(0);
      stage.upstream.respond = answerRequest;
      expect((await stage.answer()).status).toBe(200);
    });
  });
});

describe("a reload that changes max_concurrent", () => {
  test("up lets those in who wait, and more after them", async () => {
    await Stage.with({ provider: { max_concurrent: 1, queue: { size: 5, timeout: "20s" } } }, async (stage) => {
      const gate = makeGate();
      stage.upstream.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
      const answers = [stage.answer(), stage.answer(), stage.answer()];
      await until("two to wait", () => load(stage).queued === 2);
      await stage.reload({ provider: { max_concurrent: 3 } });
      await stage.upstream.waitForRequests(3);
      expect(load(stage)).toEqual({ inFlight: 3, queued: 0 });
      await expectOverloaded(stage, "fake");
      gate.open();
      for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    });
  });

  test("down takes nothing from who is served, and holds for who comes", async () => {
    await Stage.with({ provider: { max_concurrent: 3 } }, async (stage) => {
      const gates = [makeGate(), makeGate(), makeGate()];
      let next = 0;
      stage.upstream.respond = () => [
        { kind: "wait", until: (gates[next++] ?? makeGate()).opened },
        ...chatCompletion(),
      ];
      const answers = [stage.answer(), stage.answer(), stage.answer()];
      await stage.upstream.waitForRequests(3);
      await stage.reload({ provider: { max_concurrent: 1 } });
      expect(load(stage).inFlight).toBe(3);
      await expectOverloaded(stage, "fake");
      gates[0]?.open();
      await until("one to be done", () => load(stage).inFlight === 2);
      await expectOverloaded(stage, "fake");
      for (const gate of gates) gate.open();
      for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
      stage.upstream.respond = answerRequest;
      expect((await stage.answer()).status).toBe(200);
    });
  });

  test("of the whole gateway holds as well", async () => {
    await Stage.with({ config: { limits: { max_concurrent: 5 } } }, async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      await stage.ask();
      await stage.upstream.waitForRequests(1);
      await stage.reload({ config: { limits: { max_concurrent: 1 } } });
      await expectOverloaded(stage, "gateway");
    });
  });
});
