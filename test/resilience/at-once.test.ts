/** How much may run at once: requests of a key, and tokens of all. */
import { describe, expect, test } from "bun:test";
import { chatCompletion } from "../instruments/answers.ts";
import { answers, SILENT } from "../instruments/fleet.ts";
import { makeGate } from "../instruments/until.ts";
import { expectRateLimited, figure, keyEntry, ONE, withKey, withKeys } from "./keys.ts";
import { RouteStage } from "./stage.ts";

describe("at once", () => {
  test("a key's max_concurrent refuses what is beyond it, others go on, and each end frees a place", async () => {
    await RouteStage.with(withKeys([keyEntry("k", { max_concurrent: 2 }), keyEntry("other")]), async (stage) => {
      const gate = makeGate();
      stage.member("only").behave(answers(() => [{ kind: "wait", until: gate.opened }, ...chatCompletion()]));
      const running = [stage.answer({}, withKey("k")), stage.answer({}, withKey("k"))];
      await stage.member("only").waitForRequests(2);
      expectRateLimited(await stage.answer({}, withKey("k")), /\bk\b/, /at once|concurrent/i);
      const other = stage.answer({}, withKey("other"));
      await stage.member("only").waitForRequests(3);
      gate.open();
      for (const answer of await Promise.all([...running, other])) expect(answer.status).toBe(200);
      await stage.expectNothingHeld();
      expect((await stage.answer({}, withKey("k"))).status).toBe(200);
    });
  });

  test("a caller that leaves frees its place", async () => {
    await RouteStage.with(withKeys([keyEntry("k", { max_concurrent: 1 })]), async (stage) => {
      stage.member("only").behave(SILENT);
      const caller = await stage.ask({ stream: true }, withKey("k"));
      await stage.member("only").waitForRequests(1);
      caller.abort();
      await stage.expectNothingHeld();
      stage.member("only").behave(answers(() => chatCompletion()));
      expect((await stage.answer({}, withKey("k"))).status).toBe(200);
    });
  });

  test("max_in_flight_tokens keeps one great prompt from starving small ones", async () => {
    const config = { limits: { max_in_flight_tokens: 10_000 } };
    await RouteStage.with({ ...ONE, config }, async (stage) => {
      const gate = makeGate();
      stage.member("only").behave(answers(() => [{ kind: "wait", until: gate.opened }, ...chatCompletion()]));
      const great = stage.answer({ max_tokens: 8_000 });
      await stage.member("only").waitForRequests(1);
      const second = await stage.answer({ max_tokens: 8_000 });
      expect([429, 503]).toContain(second.status);
      expect(figure(second, "retry-after")).toBeGreaterThanOrEqual(1);
      const small = Array.from({ length: 10 }, () => stage.answer({ max_tokens: 10 }));
      await stage.member("only").waitForRequests(11);
      gate.open();
      for (const answer of await Promise.all([great, ...small])) expect(answer.status).toBe(200);
      await stage.expectNothingHeld();
      expect((await stage.answer({ max_tokens: 8_000 })).status).toBe(200);
    });
  });

  test("a request above max_in_flight_tokens by itself is not kept out for ever", async () => {
    const config = { limits: { max_in_flight_tokens: 1_000 } };
    await RouteStage.with({ ...ONE, config }, async (stage) => {
      const answer = await stage.answer({ max_tokens: 8_000 });
      // Let in alone, or refused for good; a Retry-After that can never be kept would be a lie.
      if (answer.status !== 200) expect([answer.status, answer.header("retry-after")]).toEqual([400, null]);
    });
  });
});
