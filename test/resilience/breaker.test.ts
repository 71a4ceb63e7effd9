/** A deployment that fails is left alone, tried by one request when its time is over, and comes back; reloads change none of it. */
import { describe, expect, test } from "bun:test";
import { chatCompletion, errorAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, WELL } from "../instruments/fleet.ts";
import { makeGate, until } from "../instruments/until.ts";
import {
  attemptsOf,
  codeOf,
  type Entry,
  IN_ORDER,
  isWell,
  QUICK_BACKOFF,
  RouteStage,
  type StageOptions,
} from "./stage.ts";

const BROKEN = answers(faults.serverError);
/** The shortest that a breaker may be open. */
const OPEN = { consecutive: 5, open: "1s", slow_start: "0s" } as const;

function routed(model: Entry, more: StageOptions = {}): StageOptions {
  return { members: ["a", "b"], ...more, model: { ...IN_ORDER, retry: { backoff: QUICK_BACKOFF }, ...model } };
}

/** Asks until the breaker of `a` is open, which takes five failures. */
async function openBreaker(stage: RouteStage): Promise<void> {
  stage.member("a").behave(BROKEN);
  const before = stage.member("a").requests;
  for (const answer of await stage.answerInTurn(5)) expect([answer.status, attemptsOf(answer)]).toEqual([200, 2]);
  expect(stage.member("a").requests).toBe(before + 5);
}

describe("a breaker", () => {
  test("opens after failures in a row: the deployment is not asked any more", async () => {
    await RouteStage.with(routed({ breaker: { ...OPEN, open: "30s" } }), async (stage) => {
      await openBreaker(stage);
      for (const answer of await stage.answerAll(20)) expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 1]);
      expect(stage.asked).toEqual([5, 25]);
    });
  });

  test("does so by default after five", async () => {
    await RouteStage.with(routed({}), async (stage) => {
      await openBreaker(stage);
      expect(attemptsOf(await stage.answer())).toBe(1);
      expect(stage.member("a").requests).toBe(5);
    });
  });

  test("stays closed while successes come between", async () => {
    const breaker = { ...OPEN, failure_share: "100%", minimum: 10_000 };
    await RouteStage.with(routed({ breaker }), async (stage) => {
      let asked = 0;
      stage.member("a").behave(answers(() => (++asked % 5 === 0 ? chatCompletion() : faults.serverError())));
      await stage.answerInTurn(20);
      expect(stage.member("a").requests).toBe(20);
    });
  });

  test("opens by the share of failures once there were enough requests", async () => {
    const breaker = { consecutive: 10_000, failure_share: "50%", minimum: 10, open: "30s" };
    await RouteStage.with(routed({ breaker }), async (stage) => {
      let asked = 0;
      stage.member("a").behave(answers(() => (++asked % 2 === 1 ? chatCompletion() : faults.serverError())));
      await stage.answerInTurn(20);
      expect(stage.member("a").requests).toBe(10);
    });
  });

  test("counts what is the provider's fault alone", async () => {
    await RouteStage.with(routed({ breaker: OPEN }), async (stage) => {
      const refuse = { message: "Not so.", type: "invalid_request_error" };
      stage.member("a").behave(answers(() => errorAnswer(400, refuse)));
      for (const answer of await stage.answerInTurn(12)) expect(answer.status).toBe(400);
      expect(stage.asked).toEqual([12, 0]);
    });
  });

  test("counts streams that broke, though nothing was tried again", async () => {
    await RouteStage.with(routed({ breaker: { ...OPEN, open: "30s" } }), async (stage) => {
      stage.member("a").behave(answers(faults.finMidStream));
      for (let round = 0; round < 5; round += 1) await (await stage.ask({ stream: true })).waitForEnd();
      expect(isWell(await stage.answer({ stream: true }))).toBe(true);
      expect(stage.asked).toEqual([5, 1]);
    });
  });

  test("lets exactly one request out when its time is over, however many come, and closes on its success", async () => {
    await RouteStage.with(routed({ breaker: OPEN }), async (stage) => {
      await openBreaker(stage);
      const gate = makeGate();
      stage.member("a").behave(answers(() => [{ kind: "wait", until: gate.opened }, ...chatCompletion()]));
      // Its time, with jitter, is over when the first one gets through: until then all go to the other.
      const early: Promise<unknown>[] = [];
      await until("the probe", async () => {
        early.push(stage.answer());
        await Bun.sleep(20);
        return stage.member("a").requests === 6;
      });
      const others = await stage.answerAll(30);
      for (const answer of others) expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 1]);
      expect(stage.member("a").requests).toBe(6);
      gate.open();
      await Promise.all(early);
      const before = stage.member("b").requests;
      await stage.answerInTurn(5);
      expect(stage.asked).toEqual([11, before]);
    });
  });

  test("opens again when the probe fails, for longer", async () => {
    await RouteStage.with(routed({ breaker: OPEN }), async (stage) => {
      await openBreaker(stage);
      const openedMs = [stage.member("a").upstream.lastRequest.headAtMs];
      for (const count of [6, 7]) {
        await until(`probe ${count - 5}`, async () => {
          expect((await stage.answer()).status).toBe(200);
          await Bun.sleep(20);
          return stage.member("a").requests === count;
        });
        openedMs.push(stage.member("a").upstream.lastRequest.headAtMs);
      }
      const [first = 0, second = 0, third = 0] = openedMs;
      // Jitter takes part of a wait away, never all; the second wait is longer than the first one may be short.
      expect(second - first).toBeGreaterThan(400);
      expect(third - second).toBeGreaterThan(400);
    });
  }, 20_000);
});

describe("where every deployment is out", () => {
  test("503 no_deployment, with a Retry-After that is kept", async () => {
    await RouteStage.with(routed({ breaker: { ...OPEN, open: "2s" } }, { members: ["a"] }), async (stage) => {
      stage.member("a").behave(BROKEN);
      await until("the breaker to open", async () => (await stage.answer()).status === 503);
      const asked = stage.member("a").requests;
      expect(asked).toBe(5);
      for (const stream of [false, true]) {
        const startedMs = performance.now();
        const answer = await stage.answer({ stream });
        expect([answer.status, codeOf(answer)]).toEqual([503, "no_deployment"]);
        const seconds = Number(answer.header("retry-after"));
        expect(seconds).toBeGreaterThanOrEqual(1);
        expect(seconds).toBeLessThanOrEqual(3);
        if (!stream) continue;
        expect(stage.member("a").requests).toBe(asked);
        // Whoever does as it says is served.
        stage.member("a").behave(WELL);
        await Bun.sleep(Math.max(0, startedMs + seconds * 1_000 - performance.now()));
        expect(isWell(await stage.answer())).toBe(true);
      }
    });
  });

  test("the soonest recovery decides the Retry-After", async () => {
    await RouteStage.with(routed({ retries: 5 }), async (stage) => {
      stage.member("a").behave(answers(() => faults.rateLimitedSeconds(40)));
      stage.member("b").behave(answers(() => faults.rateLimitedSeconds(15)));
      await stage.answer();
      const answer = await stage.answer();
      expect([answer.status, codeOf(answer)]).toEqual([503, "no_deployment"]);
      const seconds = Number(answer.header("retry-after"));
      expect(seconds).toBeGreaterThan(10);
      expect(seconds).toBeLessThanOrEqual(15);
      expect(stage.asked).toEqual([1, 1]);
    });
  });

  test("or the least bad one is asked, if so configured", async () => {
    const model = { when_all_out: "least-bad", breaker: { ...OPEN, open: "30s" } };
    await RouteStage.with(routed(model, { members: ["a"] }), async (stage) => {
      stage.member("a").behave(BROKEN);
      await stage.answerInTurn(8);
      stage.member("a").behave(WELL);
      expect(isWell(await stage.answer())).toBe(true);
    });
  });
});

describe("what is known of a deployment", () => {
  test("is known after 100 reloads", async () => {
    const options = routed({ breaker: { ...OPEN, open: "60s" } }, { members: ["a", "b", "c"] });
    await RouteStage.with(options, async (stage) => {
      stage.member("a").behave(BROKEN);
      await stage.answerInTurn(5);
      stage.member("b").behave(answers(() => faults.rateLimitedSeconds(600)));
      await stage.answer();
      expect(stage.asked).toEqual([5, 6, 1]);
      const { generation } = (await stage.readStatus()).config;
      for (let count = 0; count < 100; count += 1) await stage.reload();
      expect((await stage.readStatus()).config.generation).toBe(generation + 100);
      for (const answer of await stage.answerAll(10)) expect(attemptsOf(answer)).toBe(1);
      expect(stage.asked).toEqual([5, 6, 11]);
    });
  }, 60_000);

  test("of a deployment that was taken out and put back is not needed to serve: it begins anew or goes on, and answers", async () => {
    const options = routed({ breaker: { ...OPEN, open: "60s" } });
    await RouteStage.with(options, async (stage) => {
      await openBreaker(stage);
      const only = { deployments: [{ provider: "b", model: "m-b" }] };
      await stage.reload({ model: { ...options.model, ...only } });
      expect(isWell(await stage.answer())).toBe(true);
      await stage.reload();
      expect(isWell(await stage.answer())).toBe(true);
    });
  });
});
