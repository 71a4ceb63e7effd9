/** With one of three deployments well, callers hardly notice the other two. */
import { expect, test } from "bun:test";
import { errorAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, type Behaviour, CLOSED } from "../instruments/fleet.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import { isWell, RouteStage } from "./stage.ts";

const REQUESTS = 2_000;
const LANES = 20;
/** Of a thousand, one. */
const MAX_FAILED = REQUESTS / 1_000;

const refuseKey = () =>
  errorAnswer(401, { message: "Incorrect API key.", type: "invalid_request_error", code: "invalid_api_key" });

const ILLNESSES: readonly (readonly [name: string, one: Behaviour, other: Behaviour])[] = [
  ["failing", answers(faults.serverError), answers(faults.unavailable)],
  ["not there, or broken off", CLOSED, answers(faults.resetBeforeHeaders)],
  ["at their rate limit, or with a bad key", answers(() => faults.rateLimitedSeconds(5)), answers(refuseKey)],
];

for (const [name, one, other] of ILLNESSES) {
  test(`two of three ${name}: at least 99.9 % of ${REQUESTS} requests are answered, each with one usage record`, async () => {
    const prepare = (fleet: RouteStage["fleet"]): void => {
      fleet.of("a").behave(one);
      fleet.of("b").behave(other);
    };
    await RouteStage.with({ prepare }, async (stage) => {
      let failed = 0;
      const lane = async (stream: boolean): Promise<void> => {
        for (const answer of await stage.answerInTurn(REQUESTS / LANES, { stream })) if (!isWell(answer)) failed += 1;
      };
      await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index % 2 === 0)));
      expect(failed).toBeLessThanOrEqual(MAX_FAILED);
      await stage.expectNothingHeld();
      // P6, whatever number of attempts each took.
      expect(await sumMetric(stage.gateway, "llm_usage_records_total")).toBe(REQUESTS);
      expect(await sumMetric(stage.gateway, "llm_requests_total")).toBe(REQUESTS);
    });
  }, 60_000);
}
