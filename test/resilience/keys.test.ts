/** Virtual keys through the front door: who is let in, to which models, and who may see how a request was routed. */
import { describe, expect, test } from "bun:test";
import * as faults from "../instruments/faults.ts";
import { answers } from "../instruments/fleet.ts";
import { keyEntry, withKey, withKeys } from "./keys.ts";
import { IN_ORDER, RouteStage } from "./stage.ts";

describe("who may call", () => {
  const options = withKeys(
    [keyEntry("shop", { models: ["m"] }), keyEntry("any"), keyEntry("local", { models: ["local/*"] })],
    {
      models: { "local/*": { deployments: [{ provider: "only", model: "*" }] } },
    },
  );

  test("nobody without a key, or with another one; neither reaches a provider", async () => {
    await RouteStage.with(options, async (stage) => {
      for (const headers of [
        [],
        withKey("nobody"),
        [["authorization", "Basic eA=="]],
        [["authorization", "Bearer "]],
      ] as const) {
        const answer = await stage.answer({}, headers);
        expect([answer.status, answer.header("x-llmux-attempts")]).toEqual([401, null]);
      }
      expect(stage.asked).toEqual([0]);
    });
  });

  test("a key in any of the places where clients put it, which no provider sees", async () => {
    await RouteStage.with(options, async (stage) => {
      const key = withKey("any")[0]?.[1].replace("Bearer ", "") ?? "";
      for (const headers of [
        withKey("any"),
        [["x-api-key", key]],
        [["api-key", key]],
        [["x-goog-api-key", key]],
      ] as const) {
        expect((await stage.answer({}, headers)).status).toBe(200);
        const { message } = stage.member("only").upstream.lastRequest;
        expect(message.headers.some(([, value]) => value.includes(key))).toBe(false);
      }
    });
  });

  test("a key with models those alone, by name and by pattern", async () => {
    await RouteStage.with(options, async (stage) => {
      const statusOf = async (key: string, model: string) => (await stage.answer({ model }, withKey(key))).status;
      expect(await statusOf("shop", "m")).toBe(200);
      expect(await statusOf("any", "local/x")).toBe(200);
      expect(await statusOf("local", "local/x")).toBe(200);
      for (const [key, model] of [
        ["shop", "local/x"],
        ["local", "m"],
        ["shop", "only/whatever"],
      ] as const) {
        expect([403, 404]).toContain(await statusOf(key, model));
      }
      expect(stage.asked).toEqual([3]);
    });
  });

  test("a key sees in the list of models what it may call", async () => {
    await RouteStage.with(options, async (stage) => {
      const caller = await stage.connect();
      const [[name, value] = ["", ""]] = withKey("shop");
      await caller.send(`GET /v1/models HTTP/1.1\r\nhost: x\r\n${name}: ${value}\r\n\r\n`);
      const { data } = (await caller.readAnswer()).json() as { readonly data: readonly { readonly id: string }[] };
      expect(data.map(({ id }) => id)).toEqual(["m"]);
    });
  });
});

describe("the trace of a decision", () => {
  const DEBUG = [["x-llmux-debug", "1"]] as const;

  test("is for a key that may debug, and for anybody where there are no keys", async () => {
    const keys = [keyEntry("dev", { debug: true }), keyEntry("user")];
    await RouteStage.with(withKeys(keys), async (stage) => {
      expect((await stage.answer({}, withKey("dev", DEBUG))).header("x-llmux-trace")).toContain("only");
      expect((await stage.answer({}, withKey("user", DEBUG))).header("x-llmux-trace")).toBeNull();
      expect((await stage.answer({}, withKey("dev"))).header("x-llmux-trace")).toBeNull();
    });
    await RouteStage.with({ model: IN_ORDER }, async (stage) => {
      stage.member("a").behave(answers(faults.serverError));
      const trace = (await stage.answer({}, DEBUG)).header("x-llmux-trace") ?? "";
      for (const name of ["a", "b"]) expect(trace).toContain(name);
    });
  });
});
