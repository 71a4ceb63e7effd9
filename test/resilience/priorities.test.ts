/** Classes of requests: who is served first, and what is kept for whom. */
import { describe, expect, test } from "bun:test";
import { chatCompletion } from "../instruments/answers.ts";
import { answers, SILENT } from "../instruments/fleet.ts";
import { makeGate, until } from "../instruments/until.ts";
import { figure, keyEntry, ONE, withKey, withKeys } from "./keys.ts";
import { RouteStage, type Entry, type StageOptions } from "./stage.ts";

describe("priorities", () => {
  const provider = { max_concurrent: 1, queue: { size: 10, timeout: "20s" } };
  const asking = (priority: string) => [["x-llmux-priority", priority]] as const;

  /** Lets the provider answer one at a time; says whose request came when. */
  async function withQueue(
    options: StageOptions,
    run: (stage: RouteStage, next: () => Promise<void>, order: () => unknown[]) => Promise<void>,
  ): Promise<void> {
    await RouteStage.with({ ...ONE, ...options, provider }, async (stage) => {
      let gate = makeGate();
      const member = stage.member("only");
      member.behave(answers(() => [{ kind: "wait", until: gate.opened }, ...chatCompletion()]));
      const next = async (): Promise<void> => {
        const before = member.requests;
        const opened = gate;
        gate = makeGate();
        opened.open();
        await until("the next one", () => member.requests > before);
      };
      await run(stage, next, () => member.upstream.requests.map(({ message }) => (message.json() as Entry)["user"]));
    });
  }

  const queued = async (stage: RouteStage): Promise<number> =>
    (await stage.readStatus()).providers["only"]?.queued ?? Number.NaN;

  async function lineUp(
    stage: RouteStage,
    users: readonly (readonly [user: string, headers: readonly (readonly [string, string])[]])[],
  ) {
    for (const [place, [user, headers]] of users.entries()) {
      await stage.ask({ user }, headers);
      await until(`${user} to stand in the queue`, async () => (await queued(stage)) === place + 1);
    }
  }

  test("high goes before normal, normal before low, and each class in its order", async () => {
    await withQueue({ config: { keys: [keyEntry("k", { priority: "high" })] } }, async (stage, next, order) => {
      await stage.ask({ user: "0" }, withKey("k"));
      await stage.member("only").waitForRequests(1);
      const as = (priority: string) => withKey("k", asking(priority));
      await lineUp(stage, [
        ["low 1", as("low")],
        ["low 2", as("low")],
        ["normal 1", withKey("k")],
        ["high 1", as("high")],
        ["high 2", as("high")],
      ]);
      for (let count = 0; count < 5; count += 1) await next();
      expect(order()).toEqual(["0", "high 1", "high 2", "normal 1", "low 1", "low 2"]);
    });
  });

  test("are clamped by the key: nobody is more urgent than it may be", async () => {
    const keys = [keyEntry("plain"), keyEntry("batch", { priority: "low" })];
    await withQueue({ config: { keys } }, async (stage, next, order) => {
      await stage.ask({ user: "0" }, withKey("plain"));
      await stage.member("only").waitForRequests(1);
      await lineUp(stage, [
        ["batch", withKey("batch", asking("high"))],
        ["plain 1", withKey("plain")],
        ["plain 2", withKey("plain", asking("high"))],
      ]);
      for (let count = 0; count < 3; count += 1) await next();
      expect(order()).toEqual(["0", "plain 1", "plain 2", "batch"]);
    });
  });

  test("a class nobody has heard of is refused or taken as the usual one, never as a better one", async () => {
    await RouteStage.with(ONE, async (stage) => {
      expect([200, 400]).toContain((await stage.answer({}, asking("urgent"))).status);
    });
  });
});

describe("shares kept for a class", () => {
  test("are for it and those above it: the others are refused first, and what is theirs they still get", async () => {
    const keys = [keyEntry("k", { priority: "high" })];
    const config = { limits: { max_concurrent: 10, reserved: { high: "20%", normal: "30%" } } };
    await RouteStage.with(withKeys(keys, {}, config), async (stage) => {
      const member = stage.member("only");
      member.behave(SILENT);
      const as = (priority: string) => withKey("k", [["x-llmux-priority", priority]]);
      let running = 0;
      for (const [priority, places] of [
        ["low", 5],
        ["normal", 3],
        ["high", 2],
      ] as const) {
        for (let count = 0; count < places; count += 1) {
          await stage.ask({}, as(priority));
          running += 1;
          await member.waitForRequests(running);
        }
        const refused = await stage.answer({}, as(priority));
        expect(refused.status).toBe(503);
        expect(figure(refused, "retry-after")).toBeGreaterThanOrEqual(1);
      }
      expect(stage.asked).toEqual([10]);
    });
  });
});
