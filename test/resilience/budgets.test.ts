/** The strategy `budget`: what has spent its money is not asked, deployments and providers alike, until the next window. */
import { describe, expect, test } from "bun:test";
import { chatCompletion, chatStream } from "../instruments/answers.ts";
import { answers } from "../instruments/fleet.ts";
import { until } from "../instruments/until.ts";
import { codeOf, isWell, RouteStage } from "./stage.ts";

/** A dollar a token. */
const price = { input: 1_000_000, output: 1_000_000 };
const WINDOW_MS = 4_000;

/** Every answer costs sixteen dollars. */
function chargeSixteen(stage: RouteStage): void {
  for (const member of stage.fleet.members) {
    member.behave(
      answers(({ message }) =>
        message.text.includes('"stream":true')
          ? chatStream({ usage: { input: 10, output: 6 } })
          : chatCompletion({ usage: { input: 10, output: 6 } }),
      ),
    );
  }
}

/** A moment early in a window of the wall clock, so that what follows falls into one. */
async function enterWindow(): Promise<number> {
  await Bun.sleep(WINDOW_MS - (Date.now() % WINDOW_MS) + 50);
  return Math.floor(Date.now() / WINDOW_MS);
}

describe("a budget", () => {
  test("of a provider counts what all of its deployments cost, in every model, plain and streamed", async () => {
    const at = (provider: string, model: string, priority: number) => ({ provider, model, price, priority });
    const strategy = ["budget", "priority"];
    const options = {
      members: ["a", "b"],
      model: { strategy, deployments: [at("a", "one", 0), at("a", "two", 1), at("b", "three", 2)] },
      models: { other: { strategy, deployments: [at("a", "one", 0), at("b", "three", 1)] } },
      providers: { a: { budget: { usd: 40, per: "24h" } } },
    };
    await RouteStage.with(options, async (stage) => {
      chargeSixteen(stage);
      expect(isWell(await stage.answer())).toBe(true);
      expect(isWell(await stage.answer({ stream: true }))).toBe(true);
      expect(isWell(await stage.answer({ model: "other" }))).toBe(true);
      // 48 of 40 dollars.
      expect(stage.asked).toEqual([3, 0]);
      for (const model of ["m", "other"]) expect(isWell(await stage.answer({ model }))).toBe(true);
      expect(stage.asked).toEqual([3, 2]);
      await stage.reload();
      expect(isWell(await stage.answer())).toBe(true);
      expect(stage.asked).toEqual([3, 3]);
    });
  });

  test("that is spent leads to the fallbacks", async () => {
    const options = {
      members: ["a", "b"],
      model: {
        strategy: "budget",
        deployments: [{ provider: "a", model: "x", price, budget: { usd: 1, per: "24h" } }],
        fallbacks: ["spare"],
      },
      models: { spare: { deployments: [{ provider: "b", model: "y" }] } },
    };
    await RouteStage.with(options, async (stage) => {
      chargeSixteen(stage);
      for (const answer of await stage.answerInTurn(3)) expect(isWell(answer)).toBe(true);
      expect(stage.asked).toEqual([1, 2]);
      const refused = await stage.answer({}, [["x-llmux-fallbacks", "off"]]);
      expect([refused.status, codeOf(refused)]).toEqual([503, "no_deployment"]);
      expect(refused.text).toContain("budget");
    });
  });

  test("is whole again in the next window", async () => {
    const options = {
      members: ["a", "b"],
      model: { strategy: ["budget", "priority"] },
      deployments: { a: { price, budget: { usd: 10, per: `${WINDOW_MS}ms` } } },
    };
    await RouteStage.with(options, async (stage) => {
      chargeSixteen(stage);
      // On a machine that stalls for a whole window nothing is shown, and it is tried in another one.
      await until(
        "spending and being left out to fall into one window",
        async () => {
          const window = await enterWindow();
          const [before = 0] = stage.asked;
          await stage.answerInTurn(3);
          if (Math.floor(Date.now() / WINDOW_MS) !== window) return false;
          expect((stage.asked[0] ?? 0) - before).toBe(1);
          return true;
        },
        40_000,
      );
      const [spent = 0] = stage.asked;
      await enterWindow();
      expect(isWell(await stage.answer())).toBe(true);
      expect(stage.asked[0]).toBe(spent + 1);
    });
  }, 90_000);
});
