/** Adaptive concurrency through the front door: with both bounds the same, what it bounds is certain. */
import { describe, expect, test } from "bun:test";
import { chatCompletion } from "../instruments/answers.ts";
import { answers, SILENT } from "../instruments/fleet.ts";
import { makeGate, until } from "../instruments/until.ts";
import { codeOf, type Entry, IN_ORDER, isWell, NO_BREAKER, RouteStage, type StageOptions } from "./stage.ts";

const TWO = { adaptive_concurrency: { min: 2, max: 2 } };
const QUEUE = { queue: { size: 10, timeout: "20s" } };
const ordered = (members: readonly string[], a: Entry): StageOptions => ({
  members,
  model: { ...IN_ORDER, breaker: NO_BREAKER, retries: 0 },
  providers: { a },
});

/** Holds every answer of `a` back until the gate opens. */
function gated(stage: RouteStage): () => void {
  const gate = makeGate();
  stage.member("a").behave(answers(() => [{ kind: "wait", until: gate.opened }, ...chatCompletion()]));
  return gate.open;
}

describe("adaptive concurrency of 2 to 2", () => {
  for (const isFresh of [true, false]) {
    const when = isFresh ? "from the first request on" : "once it has seen an answer";

    test(`lets two requests in at once, ${when}: the third goes elsewhere`, async () => {
      await RouteStage.with(ordered(["a", "b"], TWO), async (stage) => {
        const warm = isFresh ? 0 : 1;
        await stage.answerInTurn(warm);
        const open = gated(stage);
        const first = [await stage.ask(), await stage.ask()];
        await stage.member("a").waitForRequests(warm + 2);
        expect(isWell(await stage.answer())).toBe(true);
        expect(stage.asked).toEqual([warm + 2, 1]);
        open();
        for (const caller of first) expect(isWell(await caller.readAnswer())).toBe(true);
        expect(isWell(await stage.answer())).toBe(true);
        expect(stage.asked).toEqual([warm + 3, 1]);
      });
    });

    test(`queues the third where there is nobody else, ${when}`, async () => {
      await RouteStage.with(ordered(["a"], { ...TWO, ...QUEUE }), async (stage) => {
        const warm = isFresh ? 0 : 1;
        await stage.answerInTurn(warm);
        const open = gated(stage);
        const all = [await stage.ask(), await stage.ask(), await stage.ask()];
        await until("the third to stand in the queue", async () => {
          const { a } = (await stage.readStatus()).providers;
          return a?.in_flight === 2 && a.queued === 1;
        });
        await stage.member("a").waitForRequests(warm + 2);
        expect(stage.asked).toEqual([warm + 2]);
        open();
        for (const caller of all) expect(isWell(await caller.readAnswer())).toBe(true);
      });
    });
  }

  test("refuses the third where there is neither queue nor anybody else", async () => {
    await RouteStage.with(ordered(["a"], TWO), async (stage) => {
      await stage.answer();
      stage.member("a").behave(SILENT);
      for (let count = 0; count < 2; count += 1) await stage.ask();
      await stage.member("a").waitForRequests(3);
      const refused = await stage.answer();
      expect([refused.status, codeOf(refused)]).toEqual([503, "overloaded"]);
      expect(Number(refused.header("retry-after"))).toBeGreaterThanOrEqual(1);
    });
  });

  test("goes with the setting, and comes with it, at once", async () => {
    const options = ordered(["a", "b"], TWO);
    await RouteStage.with(options, async (stage) => {
      await stage.answer();
      const open = gated(stage);
      const all = [await stage.ask(), await stage.ask()];
      await stage.member("a").waitForRequests(3);
      await stage.reload({ providers: { a: {} } });
      all.push(await stage.ask());
      await stage.member("a").waitForRequests(4);
      await stage.reload({ providers: { a: TWO } });
      expect(isWell(await stage.answer())).toBe(true);
      expect(stage.asked).toEqual([4, 1]);
      open();
      for (const caller of all) expect(isWell(await caller.readAnswer())).toBe(true);
    });
  });
});
