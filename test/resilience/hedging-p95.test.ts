/** `hedge: { after: p95 }`: nothing is sent twice before enough is known, then what takes longer than most is raced, within its bound. */
import { describe, expect, test } from "bun:test";
import { chatCompletion, chatStream } from "../instruments/answers.ts";
import { answers } from "../instruments/fleet.ts";
import type { UpstreamRequest } from "../instruments/script-player.ts";
import { makeGate } from "../instruments/until.ts";
import { attemptsOf, IN_ORDER, isWell, NO_BREAKER, RouteStage, type StageOptions } from "./stage.ts";

/** So many answers are needed before the slowest twentieth is known. */
const LEARNT_AFTER = 20;

const learning = (maxExtra: string): StageOptions => ({
  members: ["a", "b"],
  model: { ...IN_ORDER, breaker: NO_BREAKER, retries: 0, hedge: { after: "p95", max_extra: maxExtra } },
});

const isStream = ({ message }: UpstreamRequest): boolean => message.text.includes('"stream":true');

/** Lets `a` answer only when the test says so. */
function holdUp(stage: RouteStage): () => void {
  const gate = makeGate();
  stage
    .member("a")
    .behave(
      answers((request) => [
        { kind: "wait", until: gate.opened },
        ...(isStream(request) ? chatStream({ model: "a" }) : chatCompletion({ model: "a" })),
      ]),
    );
  stage
    .member("b")
    .behave(answers((request) => (isStream(request) ? chatStream({ model: "b" }) : chatCompletion({ model: "b" }))));
  return gate.open;
}

describe("a hedge after the 95th percentile", () => {
  for (const stream of [false, true]) {
    test(`learns from ${stream ? "streams" : "whole answers"}, then races what takes longer`, async () => {
      await RouteStage.with(learning("100%"), async (stage) => {
        // What the first of a process take is no measure: each is answered before the next is asked.
        for (const answer of await stage.answerInTurn(LEARNT_AFTER, { stream })) expect(isWell(answer)).toBe(true);
        const [, extra = 0] = stage.asked;
        const open = holdUp(stage);
        const answer = await stage.answer({ stream });
        expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 2]);
        expect(answer.text).toContain('"model":"b"');
        expect(stage.asked).toEqual([LEARNT_AFTER + 1, extra + 1]);
        await stage.member("a").waitUntilLetGo();
        open();
      });
    }, 30_000);
  }

  test("is not sent before enough is known", async () => {
    await RouteStage.with(learning("100%"), async (stage) => {
      await stage.answerInTurn(LEARNT_AFTER - 2);
      const open = holdUp(stage);
      const asked = stage.answer();
      await stage.member("a").waitForRequests(LEARNT_AFTER - 1);
      // Far longer than anything before it took.
      await Bun.sleep(1_000);
      expect(stage.asked).toEqual([LEARNT_AFTER - 1, 0]);
      open();
      expect(attemptsOf(await asked)).toBe(1);
    });
  }, 30_000);

  test("is bounded: at 5 % the twenty that taught it pay for one, and the next slow one waits", async () => {
    await RouteStage.with(learning("5%"), async (stage) => {
      await stage.answerInTurn(LEARNT_AFTER);
      expect(stage.asked).toEqual([LEARNT_AFTER, 0]);
      holdUp(stage);
      expect(attemptsOf(await stage.answer())).toBe(2);
      const open = holdUp(stage);
      const asked = stage.answer();
      await stage.member("a").waitForRequests(LEARNT_AFTER + 2);
      await Bun.sleep(1_000);
      expect(stage.asked).toEqual([LEARNT_AFTER + 2, 1]);
      open();
      const answer = await asked;
      expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 1]);
      expect(answer.text).toContain('"model":"a"');
    });
  }, 30_000);

  test("keeps what it has learnt over a reload", async () => {
    await RouteStage.with(learning("100%"), async (stage) => {
      await stage.answerInTurn(LEARNT_AFTER);
      await stage.reload();
      const open = holdUp(stage);
      expect(attemptsOf(await stage.answer())).toBe(2);
      open();
    });
  }, 30_000);
});
