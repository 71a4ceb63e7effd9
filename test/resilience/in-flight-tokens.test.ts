/** Tokens in flight, of a provider, a key, a model and the gateway: one huge prompt takes its own place, and nobody else's. */
import { describe, expect, test } from "bun:test";
import { chatCompletion } from "../instruments/answers.ts";
import { answers } from "../instruments/fleet.ts";
import { makeGate, until } from "../instruments/until.ts";
import { expectRateLimited, figure, keyEntry, ONE, withKey, withKeys } from "./keys.ts";
import { codeOf, type Entry, type Headers, IN_ORDER, isWell, NO_BREAKER, RouteStage } from "./stage.ts";

const LIMIT = 10_000;
/** By what it may answer: the estimate of a short prompt never comes near the rest. */
const HUGE = { max_tokens: 9_000, user: "huge" };
const SMALL = { max_tokens: 10, user: "small" };
const QUEUE = { queue: { size: 100, timeout: "20s" } };

/** Answers small ones at once, each huge one when its gate opens. */
function holdHuge(stage: RouteStage): { readonly open: () => void; readonly asked: (name: string) => number } {
  const gate = makeGate();
  for (const member of stage.fleet.members) {
    member.behave(
      answers(({ message }) =>
        message.text.includes('"user":"huge"')
          ? [{ kind: "wait", until: gate.opened }, ...chatCompletion()]
          : chatCompletion(),
      ),
    );
  }
  const asked = (name: string): number =>
    stage.member(name).upstream.requests.filter(({ message }) => message.text.includes('"user":"huge"')).length;
  return { open: gate.open, asked };
}

describe("tokens in flight", () => {
  test("of a provider: a second huge prompt waits for the first, small ones pass both, and it gets its turn", async () => {
    const provider = { max_in_flight_tokens: LIMIT, ...QUEUE };
    await RouteStage.with({ ...ONE, provider }, async (stage) => {
      const { open, asked } = holdHuge(stage);
      const huge = [stage.answer(HUGE)];
      await until("the first huge one to be there", () => asked("only") === 1);
      huge.push(stage.answer(HUGE));
      await until("the second to wait", async () => (await stage.readStatus()).providers["only"]?.queued === 1);
      for (const answer of await stage.answerInTurn(25, SMALL)) expect(isWell(answer)).toBe(true);
      expect(asked("only")).toBe(1);
      open();
      for (const answer of await Promise.all(huge)) expect(isWell(answer)).toBe(true);
      expect(asked("only")).toBe(2);
    });
  });

  test("of a provider without a queue: the second goes elsewhere, and where there is nobody it is refused", async () => {
    const model = { ...IN_ORDER, breaker: NO_BREAKER, retries: 0 };
    const providers = { a: { max_in_flight_tokens: LIMIT }, b: { max_in_flight_tokens: LIMIT } };
    await RouteStage.with({ members: ["a", "b"], model, providers }, async (stage) => {
      const { open, asked } = holdHuge(stage);
      const huge = [stage.answer(HUGE)];
      await until("the first to be at a", () => asked("a") === 1);
      huge.push(stage.answer(HUGE));
      await until("the second to be at b", () => asked("b") === 1);
      const refused = await stage.answer(HUGE);
      expect([refused.status, codeOf(refused)]).toEqual([503, "overloaded"]);
      expect(figure(refused, "retry-after")).toBeGreaterThanOrEqual(1);
      expect(isWell(await stage.answer(SMALL))).toBe(true);
      open();
      for (const answer of await Promise.all(huge)) expect(isWell(answer)).toBe(true);
    });
  });

  test("of a key: its second huge prompt is refused by name, its small ones and other keys go on", async () => {
    const keys = [keyEntry("writer", { max_in_flight_tokens: LIMIT }), keyEntry("other")];
    await RouteStage.with(withKeys(keys), async (stage) => {
      const { open, asked } = holdHuge(stage);
      const huge = [stage.answer(HUGE, withKey("writer"))];
      await until("the first to be there", () => asked("only") === 1);
      expectRateLimited(await stage.answer(HUGE, withKey("writer")), /writer/, /token/);
      expect(isWell(await stage.answer(SMALL, withKey("writer")))).toBe(true);
      huge.push(stage.answer(HUGE, withKey("other")));
      await until("the other key's to be there", () => asked("only") === 2);
      open();
      for (const answer of await Promise.all(huge)) expect(isWell(answer)).toBe(true);
      expect(isWell(await stage.answer(HUGE, withKey("writer")))).toBe(true);
    });
  });

  test("of a team and a model: the same, by their names", async () => {
    const limited = { max_in_flight_tokens: LIMIT };
    const team = {
      ...ONE,
      config: { keys: [keyEntry("one", { team: "t" }), keyEntry("two", { team: "t" })], teams: { t: limited } },
    };
    const model = { ...ONE, model: limited };
    for (const [options, first, second, status, name] of [
      [team, withKey("one"), withKey("two"), 429, "team t"],
      [model, [], [], 503, "model m"],
    ] as const) {
      await RouteStage.with(options, async (stage) => {
        const { open, asked } = holdHuge(stage);
        const huge = stage.answer(HUGE, first);
        await until("the first to be there", () => asked("only") === 1);
        const refused = await stage.answer(HUGE, second);
        expect(refused.status).toBe(status);
        expect(refused.text).toContain(name);
        expect(figure(refused, "retry-after")).toBeGreaterThanOrEqual(1);
        expect(isWell(await stage.answer(SMALL, second))).toBe(true);
        open();
        expect(isWell(await huge)).toBe(true);
      });
    }
  });

  test("of the gateway: a huge prompt waits, small ones do not wait for it, with a queue or refused without", async () => {
    for (const [queue, isQueued] of [
      [QUEUE, true],
      [{}, false],
    ] as const) {
      const config = { limits: { max_in_flight_tokens: LIMIT, ...queue } };
      await RouteStage.with({ ...ONE, config }, async (stage) => {
        const { open, asked } = holdHuge(stage);
        const huge = [stage.answer(HUGE)];
        await until("the first to be there", () => asked("only") === 1);
        if (isQueued) huge.push(stage.answer(HUGE));
        else expect((await stage.answer(HUGE)).status).toBe(503);
        for (const answer of await stage.answerInTurn(25, SMALL)) expect(isWell(answer)).toBe(true);
        expect(asked("only")).toBe(1);
        open();
        for (const answer of await Promise.all(huge)) expect(isWell(answer)).toBe(true);
      });
    }
  });

  test("one prompt that is larger than the limit is answered when it is alone, not never", async () => {
    const asVast = (headers: Headers): readonly [Entry, Headers] => [{ ...HUGE, max_tokens: LIMIT * 10 }, headers];
    const keys = [keyEntry("k", { max_in_flight_tokens: LIMIT })];
    const config = { keys, limits: { max_in_flight_tokens: LIMIT } };
    await RouteStage.with({ ...ONE, provider: { max_in_flight_tokens: LIMIT }, config }, async (stage) => {
      expect(isWell(await stage.answer(...asVast(withKey("k"))))).toBe(true);
    });
  });

  test("a waiting caller that leaves gives its place back", async () => {
    const config = { limits: { max_in_flight_tokens: LIMIT, ...QUEUE } };
    await RouteStage.with({ ...ONE, config }, async (stage) => {
      const { open, asked } = holdHuge(stage);
      const huge = stage.answer(HUGE);
      await until("the first to be there", () => asked("only") === 1);
      const leaving = await stage.ask(HUGE);
      expect(isWell(await stage.answer(SMALL))).toBe(true);
      leaving.abort();
      open();
      expect(isWell(await huge)).toBe(true);
      expect(isWell(await stage.answer(HUGE))).toBe(true);
      expect(asked("only")).toBe(2);
    });
  });
});
