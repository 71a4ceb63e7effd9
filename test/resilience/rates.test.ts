/** Requests and tokens per minute, of keys, teams, models, deployments and the gateway: what is let in, what is said, what is given back. */
import { describe, expect, test } from "bun:test";
import { chatCompletion } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, SILENT } from "../instruments/fleet.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import type { Script } from "../instruments/script.ts";
import { makeGate } from "../instruments/until.ts";
import { expectRateLimited, figure, keyEntry, ONE, withKey, withKeys } from "./keys.ts";
import { IN_ORDER, isWell, NO_BREAKER, RouteStage } from "./stage.ts";

describe("requests per minute", () => {
  test("of a key: so many, then 429 with the limit's name and Retry-After; other keys go on", async () => {
    await RouteStage.with(withKeys([keyEntry("small", { rpm: 3 }), keyEntry("other", { rpm: 100 })]), async (stage) => {
      for (const remaining of [2, 1, 0]) {
        const answer = await stage.answer({}, withKey("small"));
        expect([answer.status, figure(answer, "x-ratelimit-limit-requests")]).toEqual([200, 3]);
        expect(figure(answer, "x-ratelimit-remaining-requests")).toBe(remaining);
        expect(answer.header("x-ratelimit-reset-requests")).toMatch(/^[\d.]+(ms|s|m|h)?[\dms.]*$/);
      }
      const refused = await stage.answer({}, withKey("small"));
      expectRateLimited(refused, /small/, /RPM/, /3/);
      expect(figure(refused, "x-ratelimit-remaining-requests")).toBe(0);
      expect((await stage.answer({}, withKey("other"))).status).toBe(200);
      expect(stage.asked).toEqual([4]);
    });
  });

  test("come back with time, and the Retry-After is kept", async () => {
    await RouteStage.with(withKeys([keyEntry("quick", { rpm: 60 })]), async (stage) => {
      let refused: HttpMessage | null = null;
      for (let count = 0; count < 70 && refused === null; count += 1) {
        const answer = await stage.answer({}, withKey("quick"));
        if (answer.status !== 200) refused = answer;
      }
      if (refused === null) throw new Error("expected the limit to be met");
      await Bun.sleep(figure(refused, "retry-after") * 1_000);
      expect((await stage.answer({}, withKey("quick"))).status).toBe(200);
    });
  });

  test("of a team are shared by its keys", async () => {
    const keys = [keyEntry("one", { team: "t" }), keyEntry("two", { team: "t" }), keyEntry("three")];
    await RouteStage.with(withKeys(keys, {}, { teams: { t: { rpm: 2 } } }), async (stage) => {
      expect((await stage.answer({}, withKey("one"))).status).toBe(200);
      expect((await stage.answer({}, withKey("two"))).status).toBe(200);
      for (const key of ["one", "two"]) expectRateLimited(await stage.answer({}, withKey(key)), /team/, /\bt\b/);
      expect((await stage.answer({}, withKey("three"))).status).toBe(200);
    });
  });

  test("of a model and of the gateway bound everybody", async () => {
    await RouteStage.with({ ...ONE, model: { rpm: 2 } }, async (stage) => {
      await stage.answerInTurn(2);
      expectRateLimited(await stage.answer(), /model/);
      expect((await stage.answer({ model: "only/x" })).status).toBe(200);
    });
    await RouteStage.with({ ...ONE, config: { limits: { rpm: 2 } } }, async (stage) => {
      await stage.answerInTurn(2);
      expectRateLimited(await stage.answer(), /gateway/);
    });
  });

  test("of a deployment send the rest to the others, and nobody is refused while one has room", async () => {
    const options = { members: ["a", "b"], model: IN_ORDER, deployments: { a: { rpm: 3 } } };
    await RouteStage.with(options, async (stage) => {
      for (const answer of await stage.answerInTurn(8)) expect(isWell(answer)).toBe(true);
      expect(stage.asked).toEqual([3, 5]);
    });
  });

  test("are not refunded by a refusal of the provider's, nor taken twice by a retry", async () => {
    const options = withKeys([keyEntry("small", { rpm: 3 })], { members: ["a", "b"], model: IN_ORDER });
    await RouteStage.with(options, async (stage) => {
      stage.member("a").behave(answers(faults.serverError));
      for (const remaining of [2, 1, 0]) {
        expect(figure(await stage.answer({}, withKey("small")), "x-ratelimit-remaining-requests")).toBe(remaining);
      }
      expect(stage.asked).toEqual([3, 3]);
    });
  });

  test("survive a reload, and a changed limit takes effect at once", async () => {
    const options = withKeys([keyEntry("small", { rpm: 3 })]);
    await RouteStage.with(options, async (stage) => {
      await stage.answerInTurn(3, {}, withKey("small"));
      await stage.reload();
      expectRateLimited(await stage.answer({}, withKey("small")));
      await stage.reload({ config: { keys: [keyEntry("small", { rpm: 1_000 })] } });
      expect((await stage.answer({}, withKey("small"))).status).toBe(200);
    });
  });
});

describe("tokens per minute", () => {
  const TPM = 6_000;
  /** What the answers say they used: 16. */
  const USED = 16;

  test("are reserved by the estimate, and settled to what was used", async () => {
    await RouteStage.with(withKeys([keyEntry("k", { tpm: TPM })]), async (stage) => {
      const gate = makeGate();
      const script: Script = [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
      stage.member("only").behave(answers(() => script));
      const first = stage.answer({ max_tokens: 5_000 }, withKey("k"));
      await stage.member("only").waitForRequests(1);
      // The first one may write 5,000: another such one does not fit beside it.
      expectRateLimited(await stage.answer({ max_tokens: 5_000 }, withKey("k")), /\bk\b/, /TPM/);
      gate.open();
      expect((await first).status).toBe(200);
      await stage.expectNothingHeld();
      // It wrote a few: the rest is back.
      const second = await stage.answer({ max_tokens: 5_000 }, withKey("k"));
      expect([second.status, figure(second, "x-ratelimit-limit-tokens")]).toEqual([200, TPM]);
      await stage.expectNothingHeld();
      const third = await stage.answer({ max_tokens: 100 }, withKey("k"));
      const remaining = figure(third, "x-ratelimit-remaining-tokens");
      // At the time of its head it still holds its own reservation: the prompt and 100.
      expect(remaining).toBeGreaterThan(TPM - 2 * USED - 300);
      expect(remaining).toBeLessThanOrEqual(TPM);
    });
  });

  test("are given back where nothing was used", async () => {
    await RouteStage.with(
      withKeys([keyEntry("k", { tpm: TPM })], { model: { retries: 0, breaker: NO_BREAKER } }),
      async (stage) => {
        stage.member("only").behave(answers(faults.serverError));
        for (const answer of await stage.answerInTurn(5, { max_tokens: 5_000 }, withKey("k")))
          expect(answer.status).toBe(500);
        stage.member("only").behave(answers(() => chatCompletion()));
        expect((await stage.answer({ max_tokens: 5_000 }, withKey("k"))).status).toBe(200);
      },
    );
  });

  test("of a caller who left count as estimated: the provider may have made them, and nobody will say", async () => {
    await RouteStage.with(withKeys([keyEntry("k", { tpm: TPM })]), async (stage) => {
      stage.member("only").behave(SILENT);
      const leaving = await stage.ask({ max_tokens: 5_000 }, withKey("k"));
      await stage.member("only").waitForRequests(1);
      leaving.abort();
      await stage.expectNothingHeld();
      expectRateLimited(await stage.answer({ max_tokens: 3_000 }, withKey("k")), /TPM/);
    });
  });

  test("that were used are gone: the limit is met when it is", async () => {
    await RouteStage.with(withKeys([keyEntry("k", { tpm: TPM })]), async (stage) => {
      const usage = { input: 2_500, output: 2_500 };
      stage.member("only").behave(answers(() => chatCompletion({ usage })));
      expect((await stage.answer({ max_tokens: 10 }, withKey("k"))).status).toBe(200);
      await stage.expectNothingHeld();
      expectRateLimited(await stage.answer({ max_tokens: 3_000 }, withKey("k")));
    });
  });
});
