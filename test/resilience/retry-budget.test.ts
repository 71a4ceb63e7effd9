/** P10: retries cannot make an outage worse, however many callers there are and however long it lasts. */
import { describe, expect, test } from "bun:test";
import * as faults from "../instruments/faults.ts";
import { answers } from "../instruments/fleet.ts";
import { IN_ORDER, NO_BREAKER, QUICK_BACKOFF, RouteStage } from "./stage.ts";

const REQUESTS = 400;
const LANES = 20;
const SHARE = 0.2;
const MIN_PER_SECOND = 2;
/** The reserve is a bucket that holds this many seconds of its own; see the config's reference. */
const RESERVE_SECONDS = 10;

describe("with every provider down", () => {
  for (const [name, fields] of [
    ["two retries", { retries: 2 }],
    ["ten retries", { retries: 10, retry: { server: 10, backoff: QUICK_BACKOFF } }],
  ] as const) {
    test(`and ${name}, ${REQUESTS} requests make at most 1.2 × as many attempts, and the stated reserve`, async () => {
      const provider = { retry_budget: { share: `${SHARE * 100}%`, min_per_second: MIN_PER_SECOND } };
      const model = { ...IN_ORDER, breaker: NO_BREAKER, retry: { backoff: QUICK_BACKOFF }, ...fields };
      await RouteStage.with({ members: ["a", "b"], provider, model }, async (stage) => {
        for (const member of stage.fleet.members) member.behave(answers(faults.serverError));
        const startedMs = performance.now();
        const lane = () => stage.answerInTurn(REQUESTS / LANES);
        const all = (await Promise.all(Array.from({ length: LANES }, lane))).flat();
        const seconds = (performance.now() - startedMs) / 1_000;
        for (const answer of all) expect(answer.status).toBe(500);
        // Each provider has a budget of its own.
        const reserve = stage.fleet.members.length * MIN_PER_SECOND * (RESERVE_SECONDS + Math.ceil(seconds));
        expect(stage.fleet.requests).toBeGreaterThanOrEqual(REQUESTS);
        expect(stage.fleet.requests).toBeLessThanOrEqual(REQUESTS * (1 + SHARE) + reserve);
      });
    });
  }

  test("and nothing but the defaults, breakers included", async () => {
    await RouteStage.with({}, async (stage) => {
      for (const member of stage.fleet.members) member.behave(answers(faults.serverError));
      const lane = () => stage.answerInTurn(REQUESTS / LANES);
      const all = (await Promise.all(Array.from({ length: LANES }, lane))).flat();
      // What gets through shows the failure, what does not says that nobody is left.
      for (const answer of all) expect([500, 503]).toContain(answer.status);
      expect(stage.fleet.requests).toBeLessThanOrEqual(REQUESTS * 1.2);
    });
  });
});
