/** Two attempts that race for the first byte: the faster one answers, the other one is let go, and nobody sees both. */
import { describe, expect, test } from "bun:test";
import { chatCompletion, chatStream, chatStreamEvents, eventStream } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, SILENT } from "../instruments/fleet.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import type { UpstreamRequest } from "../instruments/script-player.ts";
import type { Script } from "../instruments/script.ts";
import { makeGate, until } from "../instruments/until.ts";
import { attemptsOf, type Entry, IN_ORDER, isWell, NO_BREAKER, RouteStage, type StageOptions } from "./stage.ts";

function hedged(hedge: Entry, more: StageOptions = {}): StageOptions {
  return {
    members: ["a", "b"],
    ...more,
    model: { ...IN_ORDER, breaker: NO_BREAKER, retries: 2, hedge, ...more.model },
  };
}

const isStream = ({ message }: UpstreamRequest): boolean => message.text.includes('"stream":true');

/** A good answer whose every event says by its model who made it. */
function signed(name: string, before: Script = []) {
  return answers((request) => [
    ...before,
    ...(isStream(request)
      ? chatStream({ model: name, chunks: ["one ", "two ", "three"] })
      : chatCompletion({ model: name })),
  ]);
}

const modelsIn = ({ text }: HttpMessage): Set<string> =>
  new Set([...text.matchAll(/"model":"([^"]*)"/g)].map(([, model]) => model ?? ""));

describe("a second attempt", () => {
  for (const stream of [false, true]) {
    const what = stream ? "a stream" : "a whole answer";
    test(`answers for a first one that is silent: ${what}; the first one's connection is closed`, async () => {
      await RouteStage.with(hedged({ after: "100ms", max_extra: "100%" }), async (stage) => {
        stage.member("a").behave(SILENT);
        stage.member("b").behave(signed("b"));
        const answer = await stage.answer({ stream });
        expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 2]);
        expect(stage.asked).toEqual([1, 1]);
        const { connection, headAtMs } = stage.member("a").upstream.lastRequest;
        await until("the slow one to be let go", () => connection.peerLeft !== null);
        // It went its delay, not at once.
        expect(stage.member("b").upstream.lastRequest.headAtMs - headAtMs).toBeGreaterThan(90);
      });
    });
  }

  test("is not sent where the first one answers in time", async () => {
    await RouteStage.with(hedged({ after: "5s", max_extra: "100%" }), async (stage) => {
      for (const answer of await stage.answerAll(20)) expect(attemptsOf(answer)).toBe(1);
      expect(stage.asked).toEqual([20, 0]);
    });
  });

  test("is not sent once the first byte has reached the caller", async () => {
    await RouteStage.with(hedged({ after: "100ms", max_extra: "100%" }), async (stage) => {
      const gate = makeGate();
      const script = chatStream({ model: "a" });
      const late: Script = [...script.slice(0, 3), { kind: "wait", until: gate.opened }, ...script.slice(3)];
      stage.member("a").behave(answers(() => late));
      const caller = await stage.ask({ stream: true });
      await caller.readUntil("Hel");
      await Bun.sleep(250);
      gate.open();
      expect(modelsIn(await caller.readAnswer())).toEqual(new Set(["a"]));
      expect(stage.asked).toEqual([1, 0]);
    });
  });

  test("that fails leaves the first one to answer", async () => {
    for (const fault of [faults.serverError, faults.resetBeforeHeaders, faults.garbage]) {
      await RouteStage.with(hedged({ after: "50ms", max_extra: "100%" }), async (stage) => {
        const gate = makeGate();
        stage.member("a").behave(signed("a", [{ kind: "wait", until: gate.opened }]));
        stage.member("b").behave(answers(fault));
        const asked = stage.answer();
        await stage.member("b").waitForRequests(1);
        await stage.member("b").waitUntilLetGo();
        gate.open();
        const answer = await asked;
        expect(isWell(answer)).toBe(true);
        expect(modelsIn(answer)).toEqual(new Set(["a"]));
      });
    }
  });

  test("goes on where the first one fails meanwhile", async () => {
    await RouteStage.with(hedged({ after: "50ms", max_extra: "100%" }), async (stage) => {
      const [failing, answering] = [makeGate(), makeGate()];
      stage.member("a").behave(answers(() => [{ kind: "wait", until: failing.opened }, ...faults.serverError()]));
      stage.member("b").behave(signed("b", [{ kind: "wait", until: answering.opened }]));
      const asked = stage.answer({ stream: true });
      await stage.member("b").waitForRequests(1);
      failing.open();
      await stage.member("a").waitUntilLetGo();
      answering.open();
      const answer = await asked;
      expect(isWell(answer)).toBe(true);
      expect(modelsIn(answer)).toEqual(new Set(["b"]));
      expect(stage.asked).toEqual([1, 1]);
    });
  });

  test("and the first one both failing leave an error", async () => {
    await RouteStage.with(hedged({ after: "50ms", max_extra: "100%" }, { model: { retries: 0 } }), async (stage) => {
      const gate = makeGate();
      for (const member of stage.fleet.members) {
        member.behave(answers(() => [{ kind: "wait", until: gate.opened }, ...faults.unavailable()]));
      }
      const asked = stage.answer();
      await stage.member("b").waitForRequests(1);
      gate.open();
      const answer = await asked;
      expect([answer.status, attemptsOf(answer)]).toEqual([503, 2]);
    });
  });
});

describe("the bound of extra requests", () => {
  test("holds: a provider that has become slow is not asked twice as often", async () => {
    const requests = 100;
    await RouteStage.with(hedged({ after: "20ms", max_extra: "5%" }), async (stage) => {
      stage.member("a").behave(signed("a", [{ kind: "pause", ms: 80 }]));
      const lane = () => stage.answerInTurn(requests / 10);
      const all = (await Promise.all(Array.from({ length: 10 }, lane))).flat();
      for (const answer of all) expect(isWell(answer)).toBe(true);
      const [, extra = 0] = stage.asked;
      expect(extra).toBeGreaterThan(0);
      // Five of a hundred, and the one that may always be tried.
      expect(extra).toBeLessThanOrEqual(requests * 0.05 + 1);
    });
  });
});

describe("two that answer at the same moment", () => {
  test("are never mixed: all of an answer is one model's", async () => {
    await RouteStage.with(hedged({ after: "20ms", max_extra: "100%" }), async (stage) => {
      for (let round = 0; round < 40; round += 1) {
        const gate = makeGate();
        for (const name of ["a", "b"] as const)
          stage.member(name).behave(signed(name, [{ kind: "wait", until: gate.opened }]));
        const before = stage.member("b").requests;
        const asked = stage.answer({ stream: round % 2 === 0 });
        await stage.member("b").waitForRequests(before + 1);
        gate.open();
        const answer = await asked;
        expect(isWell(answer)).toBe(true);
        expect(modelsIn(answer).size).toBe(1);
      }
    });
  });

  test("and one that dies in mid-stream is not continued by the other", async () => {
    await RouteStage.with(hedged({ after: "20ms", max_extra: "100%" }), async (stage) => {
      const events = chatStreamEvents({ model: "b", chunks: ["one ", "two "], finish: false, done: false });
      stage.member("a").behave(SILENT);
      stage.member("b").behave(answers(() => eventStream(events, { ending: [{ kind: "fin" }] })));
      const caller = await stage.ask({ stream: true });
      await caller.waitForEnd();
      expect(caller.answers).toEqual([]);
      expect(caller.received.toString()).not.toContain("[DONE]");
      expect(stage.asked).toEqual([1, 1]);
    });
  });
});
