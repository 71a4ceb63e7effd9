/** What goes wrong in our own code while a provider's bytes are handled is ours: told as such, counted against nobody. */
import { expect, spyOn, test } from "bun:test";
import { sumMetric } from "../instruments/permit-audit.ts";
import { until } from "../instruments/until.ts";
import { AnswerRelay } from "../../src/relay/answer-relay.ts";
import { Stage } from "./stage.ts";

test("an exception of ours is a 500 and a line in the log, not a fault of the provider's", async () => {
  await Stage.with({}, async (stage) => {
    const broken = spyOn(AnswerRelay.prototype, "onBody").mockImplementation(() => {
      throw new TypeError("a defect");
    });
    try {
      const answer = await stage.answer();
      expect([answer.status, answer.json()]).toMatchObject([500, { error: { code: "internal" } }]);
      expect(answer.text).not.toContain("a defect");
    } finally {
      broken.mockRestore();
    }
    await until("the fault to be in the log", () => stage.gateway.logs.some((line) => line.includes("a defect")));
    expect(await sumMetric(stage.gateway, "llm_upstream_error_total", {})).toBe(0);
    expect((await stage.answer()).status).toBe(200);
  });
});
