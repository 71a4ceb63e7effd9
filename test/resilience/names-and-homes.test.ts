/** Wildcards, `PROVIDER/MODEL` names and stored responses: that their failures are treated as any model's. */
import { describe, expect, test } from "bun:test";
import { errorAnswer, jsonAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, CLOSED } from "../instruments/fleet.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { keyEntry, withKey } from "./keys.ts";
import {
  attemptsOf,
  codeOf,
  type Entry,
  IN_ORDER,
  isWell,
  NO_BREAKER,
  QUICK_BACKOFF,
  RouteStage,
  type StageOptions,
} from "./stage.ts";

const BROKEN = answers(faults.serverError);
const modelsAt = (stage: RouteStage, name: string): readonly unknown[] =>
  stage.member(name).upstream.requests.map(({ message }) => (message.json() as Entry)["model"]);

describe("a wildcard group", () => {
  const group = (fields: Entry): Entry => ({ ...IN_ORDER, breaker: NO_BREAKER, retries: 0, ...fields });

  test("has another wildcard as its fallback: each name is filled in at its own place", async () => {
    const models = {
      "local/*": group({ deployments: [{ provider: "a", model: "here-*" }], fallbacks: ["remote/x"] }),
      "remote/*": group({ deployments: [{ provider: "b", model: "there-*" }], fallbacks: ["m"] }),
    };
    await RouteStage.with(
      { models, model: group({ deployments: [{ provider: "c", model: "plain" }] }) },
      async (stage) => {
        expect(isWell(await stage.answer({ model: "local/small" }))).toBe(true);
        expect(modelsAt(stage, "a")).toEqual(["here-small"]);
        stage.member("a").behave(BROKEN);
        const second = await stage.answer({ model: "local/small" });
        expect([isWell(second), attemptsOf(second)]).toEqual([true, 2]);
        expect(modelsAt(stage, "b")).toEqual(["there-x"]);
        stage.member("b").behave(BROKEN);
        for (const stream of [false, true]) {
          const third = await stage.answer({ model: "local/a/b", stream });
          expect([isWell(third), attemptsOf(third)]).toEqual([true, 3]);
        }
        expect(modelsAt(stage, "a").slice(-2)).toEqual(["here-a/b", "here-a/b"]);
        expect(modelsAt(stage, "c")).toEqual(["plain", "plain"]);
        const refused = await stage.answer({ model: "local/small" }, [["x-llmux-fallbacks", "off"]]);
        expect([refused.status, attemptsOf(refused)]).toEqual([500, 1]);
      },
    );
  });

  test("tries its own deployments first, and a key for the group needs none for the fallback", async () => {
    const models = {
      "local/*": group({
        retries: 1,
        deployments: [
          { provider: "a", model: "*", priority: 0 },
          { provider: "b", model: "*-b", priority: 1 },
        ],
        fallbacks: ["spare"],
      }),
      spare: group({ deployments: [{ provider: "c", model: "spare-there" }] }),
    };
    const config = { keys: [keyEntry("k", { models: ["local/*"] })] };
    await RouteStage.with({ models, config }, async (stage) => {
      for (const name of ["a", "b"]) stage.member(name).behave(BROKEN);
      const answer = await stage.answer({ model: "local/x" }, withKey("k"));
      expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 3]);
      expect([modelsAt(stage, "a"), modelsAt(stage, "b"), modelsAt(stage, "c")]).toEqual([
        ["x"],
        ["x-b"],
        ["spare-there"],
      ]);
      expect((await stage.answer({ model: "spare" }, withKey("k"))).status).toBe(403);
    });
  });
});

describe("a PROVIDER/MODEL name", () => {
  test("is retried by the defaults, within that provider, and falls back by the defaults", async () => {
    const defaults = { retries: 2, retry: { backoff: QUICK_BACKOFF }, breaker: NO_BREAKER, fallbacks: ["m"] };
    const options = {
      config: { defaults },
      model: { fallbacks: [], deployments: [{ provider: "c", model: "plain" }] },
    };
    await RouteStage.with(options, async (stage) => {
      stage.member("a").behave(BROKEN);
      const answer = await stage.answer({ model: "a/some-model" });
      expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 4]);
      expect(stage.asked).toEqual([3, 0, 1]);
      expect(modelsAt(stage, "a")).toEqual(["some-model", "some-model", "some-model"]);
    });
  });

  test("has no retries where the defaults say so, and two where they say nothing", async () => {
    for (const [defaults, attempts] of [
      [{ retries: 0 }, 1],
      [{ retry: { backoff: QUICK_BACKOFF } }, 3],
      [{ retries: 3, retry: { server: 1, backoff: QUICK_BACKOFF } }, 2],
    ] as const) {
      await RouteStage.with({ config: { defaults } }, async (stage) => {
        stage.member("a").behave(BROKEN);
        const answer = await stage.answer({ model: "a/some-model" });
        expect([answer.status, attemptsOf(answer)]).toEqual([500, attempts]);
        expect(stage.asked).toEqual([attempts, 0, 0]);
      });
    }
  });

  test("one model's failures do not take the provider's other models out", async () => {
    const defaults = { retries: 0, breaker: { consecutive: 2, open: "30s" } };
    await RouteStage.with({ members: ["a"], config: { defaults } }, async (stage) => {
      stage
        .member("a")
        .behave(
          answers(({ message }) =>
            message.text.includes("bad-model")
              ? errorAnswer(404, { message: "No such model.", type: "invalid_request_error", code: "model_not_found" })
              : jsonAnswer({ object: "chat.completion" }),
          ),
        );
      for (const answer of await stage.answerInTurn(4, { model: "a/bad-model" })) expect(answer.status).toBe(404);
      expect((await stage.answer({ model: "a/good-model" })).status).toBe(200);
    });
  });
});

describe("a response that is stored at one of several providers", () => {
  const members = ["a", "b", "c"];
  const options = {
    members,
    model: { strategy: "round-robin", breaker: NO_BREAKER, retries: 2, retry: { backoff: QUICK_BACKOFF } },
    provider: { dialects: ["openai-responses"] },
  };
  /** Each tells its responses apart by its own name. */
  function respond(stage: RouteStage): void {
    for (const { name } of stage.fleet.members) {
      let count = 0;
      stage
        .member(name)
        .behave(
          answers(() =>
            jsonAnswer({ id: `resp_${name}_${count++}`, object: "response", status: "completed", output: [] }),
          ),
        );
    }
  }
  const create = async (stage: RouteStage, fields: Entry = {}): Promise<HttpMessage> => {
    const caller = await stage.send("/v1/responses", { model: "m", input: "Hi.", ...fields });
    return await caller.readAnswer();
  };
  const idOf = (answer: HttpMessage): string => String((answer.json() as Entry)["id"]);
  const homeOf = (id: string): string => id.split("_")[1] ?? "";

  test("goes on where it is kept, however the strategy would choose", async () => {
    await RouteStage.with(options, async (stage) => {
      respond(stage);
      const firsts = [await create(stage), await create(stage), await create(stage)].map(idOf);
      expect(new Set(firsts.map(homeOf))).toEqual(new Set(members));
      for (const first of firsts) {
        let previous = first;
        for (let round = 0; round < 4; round += 1) {
          const answer = await create(stage, { previous_response_id: previous });
          expect([answer.status, attemptsOf(answer)]).toEqual([200, 1]);
          previous = idOf(answer);
          expect(homeOf(previous)).toBe(homeOf(first));
        }
      }
      await stage.reload();
      const [first = ""] = firsts;
      expect(homeOf(idOf(await create(stage, { previous_response_id: first })))).toBe(homeOf(first));
    });
  });

  test("is asked of somebody else where its home fails, and the reference goes along", async () => {
    await RouteStage.with(options, async (stage) => {
      respond(stage);
      const first = idOf(await create(stage));
      const home = homeOf(first);
      stage.member(home).behave(BROKEN);
      const answer = await create(stage, { previous_response_id: first });
      expect([answer.status, attemptsOf(answer)]).toEqual([200, 2]);
      const next = idOf(answer);
      expect(homeOf(next)).not.toBe(home);
      const { message } = stage.member(homeOf(next)).upstream.lastRequest;
      expect(message.json()).toMatchObject({ previous_response_id: first });
      // From there on that one is the home.
      expect(homeOf(idOf(await create(stage, { previous_response_id: next })))).toBe(homeOf(next));
    });
  });

  test("is read and deleted at its home alone: nobody else has it", async () => {
    await RouteStage.with(options, async (stage) => {
      respond(stage);
      const first = idOf(await create(stage));
      const before = stage.asked;
      stage.member(homeOf(first)).behave(BROKEN);
      for (const method of ["GET", "DELETE"]) {
        const caller = await stage.connect();
        caller.expectAnswerTo(method);
        await caller.send(`${method} /v1/responses/${first} HTTP/1.1\r\nhost: x\r\n\r\n`);
        const answer = await caller.readAnswer();
        expect([answer.status, attemptsOf(answer)]).toEqual([500, 1]);
      }
      const asked = stage.asked.map((count, place) => count - (before[place] ?? 0));
      expect(asked.reduce((sum, count) => sum + count, 0)).toBe(2);
      expect(asked[members.indexOf(homeOf(first))]).toBe(2);
    });
  });

  test("an unknown one is asked of whoever is next, whose word it is", async () => {
    await RouteStage.with(options, async (stage) => {
      const refuse = () =>
        jsonAnswer(
          {
            error: {
              message: "Previous response not found.",
              type: "invalid_request_error",
              code: "previous_response_not_found",
              param: "previous_response_id",
            },
          },
          { status: 400 },
        );
      for (const member of stage.fleet.members) member.behave(answers(refuse));
      const answer = await create(stage, { previous_response_id: "resp_unknown" });
      expect([answer.status, codeOf(answer), attemptsOf(answer)]).toEqual([400, "previous_response_not_found", 1]);
    });
  });
});

test("a provider that is not there at all is passed over by its group's next, in any of these names", async () => {
  const models = {
    "any/*": {
      ...IN_ORDER,
      breaker: NO_BREAKER,
      deployments: [
        { provider: "a", model: "*" },
        { provider: "b", model: "*", priority: 1 },
      ],
    },
  };
  const prepare: StageOptions["prepare"] = (fleet) => fleet.of("a").behave(CLOSED);
  await RouteStage.with(
    { members: ["a", "b"], models, prepare, config: { defaults: { fallbacks: ["any/x"] } } },
    async (stage) => {
      for (const model of ["any/x", "a/x"]) expect(isWell(await stage.answer({ model }))).toBe(true);
      expect(stage.member("b").requests).toBe(2);
    },
  );
});
