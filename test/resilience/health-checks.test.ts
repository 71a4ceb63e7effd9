/** Active health checks through the front door: they move traffic before a caller pays for it, and are nobody's requests. */
import { describe, expect, test } from "bun:test";
import { chatCompletion, errorAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, answerWell, type FleetMember } from "../instruments/fleet.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import type { UpstreamRequest } from "../instruments/script-player.ts";
import type { Script } from "../instruments/script.ts";
import { until } from "../instruments/until.ts";
import { attemptsOf, type Entry, IN_ORDER, isWell, NO_BREAKER, RouteStage, type StageOptions } from "./stage.ts";

/** Long enough after a failed check for its word to outlive a stall of the machine; the factor is the gateway's own, 3. */
const CHECK = { interval: "2s", timeout: "5s" };
const checked = (model: Entry = {}, more: StageOptions = {}): StageOptions => ({
  members: ["a", "b"],
  ...more,
  deployments: { b: { health_check: null }, ...more.deployments },
  model: { ...IN_ORDER, breaker: NO_BREAKER, retries: 0, health_check: CHECK, ...model },
});

const isCheck = ({ message }: UpstreamRequest): boolean => message.header("user-agent") === "llmux-health-check";
const checksAt = ({ upstream }: FleetMember): number => upstream.requests.filter(isCheck).length;
const callersAt = ({ upstream }: FleetMember): number => upstream.requests.filter((each) => !isCheck(each)).length;

/** Answers checks in one way, callers well. */
const toChecks = (script: () => Script) => answers((request) => (isCheck(request) ? script() : answerWell(request)));

/** Only `a` is checked, so all that is counted is of its checks. */
const results = (stage: RouteStage, result: string): Promise<number> =>
  sumMetric(stage.gateway, "llm_health_checks_total", { result });

describe("a health check", () => {
  test("that fails takes a deployment out of first choice, and a good one brings it back, without a caller's failure", async () => {
    await RouteStage.with(checked(), async (stage) => {
      let isDown = true;
      const a = stage.member("a");
      a.behave(answers((request) => (isDown ? faults.serverError() : answerWell(request))));
      await until("a check to fail", async () => (await results(stage, "unhealthy")) >= 1);
      // No caller has asked yet: the check alone has told.
      for (const answer of await stage.answerInTurn(3)) expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 1]);
      expect([callersAt(a), callersAt(stage.member("b"))]).toEqual([0, 3]);
      expect(checksAt(stage.member("b"))).toBe(0);
      isDown = false;
      await until("a check to be good", async () => (await results(stage, "healthy")) >= 1);
      for (const answer of await stage.answerInTurn(3)) expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 1]);
      expect([callersAt(a), callersAt(stage.member("b"))]).toEqual([3, 3]);
    });
  }, 30_000);

  test("speaks against a deployment that nobody else can stand in for, and it is asked all the same", async () => {
    await RouteStage.with(checked({}, { members: ["a"] }), async (stage) => {
      stage.member("a").behave(toChecks(faults.serverError));
      await until("a check to fail", async () => (await results(stage, "unhealthy")) >= 1);
      expect(isWell(await stage.answer())).toBe(true);
    });
  }, 30_000);

  test("that only a limit or a refused credential answers says nothing", async () => {
    for (const refusal of [
      faults.rateLimitedSeconds,
      () => errorAnswer(401, { message: "Incorrect API key provided.", type: "invalid_request_error" }),
    ]) {
      await RouteStage.with(checked(), async (stage) => {
        stage.member("a").behave(toChecks(() => refusal()));
        await until("a check to be answered", async () => (await results(stage, "unknown")) >= 1);
        for (const answer of await stage.answerInTurn(3)) expect(attemptsOf(answer)).toBe(1);
        expect([callersAt(stage.member("a")), callersAt(stage.member("b"))]).toEqual([3, 0]);
      });
    }
  }, 30_000);

  test("without an answer in its time has failed, and its connection is let go", async () => {
    await RouteStage.with(checked({ health_check: { interval: "2s", timeout: "200ms" } }), async (stage) => {
      const a = stage.member("a");
      a.behave(toChecks(faults.blackhole));
      await until("a check to fail", async () => (await results(stage, "unhealthy")) >= 1);
      const first = a.upstream.requests.find(isCheck);
      await until("its connection to be closed", () => first?.connection.peerLeft !== null);
      expect(isWell(await stage.answer())).toBe(true);
      expect([callersAt(a), callersAt(stage.member("b"))]).toEqual([0, 1]);
    });
  }, 30_000);

  test("is the cheapest request to the deployment's own model, with its credential", async () => {
    await RouteStage.with(checked(), async (stage) => {
      const a = stage.member("a");
      await until("a check", () => checksAt(a) >= 1);
      const { message } = a.upstream.requests.find(isCheck) as UpstreamRequest;
      expect(message.target).toBe("/v1/chat/completions");
      expect(message.header("authorization")).toBe("Bearer sk-example-a");
      expect(message.json()).toMatchObject({ model: "m-a" });
      const { max_tokens, max_completion_tokens } = message.json() as Entry;
      expect(max_tokens ?? max_completion_tokens).toBe(1);
    });
  }, 30_000);
});

describe("health checks", () => {
  test("are counted apart: in no caller's figures, no rates, no places, no spending", async () => {
    const limited: Entry = { rpm: 2, budget: { usd: 1, per: "24h" }, price: { input: 1_000_000, output: 1_000_000 } };
    const options = checked(
      { strategy: ["budget", "priority"], health_check: { interval: "100ms", timeout: "5s" } },
      { deployments: { a: limited }, config: { limits: { rpm: 2 } } },
    );
    await RouteStage.with(options, async (stage) => {
      const a = stage.member("a");
      await until("several good checks", async () => (await results(stage, "healthy")) >= 5, 20_000);
      expect(checksAt(a)).toBeGreaterThanOrEqual(5);
      for (const name of ["llm_requests_total", "llm_token_usage_total", "llm_upstream_error_total"]) {
        expect(await sumMetric(stage.gateway, name)).toBe(0);
      }
      expect(await sumMetric(stage.gateway, "llm_in_flight_requests", { provider: "a" })).toBe(0);
      // All of the gateway's rate and the deployment's, and its money, are still there.
      const answer = await stage.answer();
      expect([isWell(answer), answer.header("x-ratelimit-remaining-requests")]).toEqual([true, "1"]);
      expect(callersAt(a)).toBe(1);
      expect(await sumMetric(stage.gateway, "llm_requests_total")).toBe(1);
    });
  }, 40_000);

  test("that fail open no breaker and are no callers' errors", async () => {
    const model = { breaker: { consecutive: 2, open: "30s" }, health_check: { interval: "100ms", timeout: "5s" } };
    await RouteStage.with(checked(model, { members: ["a"] }), async (stage) => {
      stage.member("a").behave(toChecks(faults.serverError));
      await until("several failed checks", async () => (await results(stage, "unhealthy")) >= 4, 20_000);
      expect(isWell(await stage.answer())).toBe(true);
      expect(await sumMetric(stage.gateway, "llm_upstream_error_total")).toBe(0);
    });
  }, 40_000);

  test("begin and end with the config, one on its way included", async () => {
    const quick = { interval: "100ms", timeout: "20s" };
    await RouteStage.with(checked({ health_check: null }), async (stage) => {
      const a = stage.member("a");
      await stage.answer();
      const model = (health_check: unknown): Entry => ({ ...checked().model, health_check });
      await stage.reload({ model: model(quick) });
      await until("checks to begin", () => checksAt(a) >= 2);
      a.behave(toChecks(faults.blackhole));
      await until("a check to be on its way", () => a.upstream.busyConnections === 1);
      await stage.reload({ model: model(null) });
      await a.waitUntilLetGo();
      const before = checksAt(a);
      // Several intervals long nothing comes any more.
      await Bun.sleep(600);
      expect(checksAt(a)).toBe(before);
      a.behave(answers(() => chatCompletion()));
      // What the aborted one might have said counts for nothing.
      expect(isWell(await stage.answer())).toBe(true);
      expect(callersAt(a)).toBe(2);
    });
  }, 40_000);
});
