import { expect, test } from "bun:test";
import { CONTENT_EVENT, DONE_EVENT, FINISH_EVENT, PLAIN_BODY, USAGE_EVENT } from "../payloads.ts";
import type { Scenario } from "../payloads.ts";
import { AnswerCheck } from "./answer-check.ts";

const STREAM: Scenario = { kind: "stream", chunks: 2, gapMs: 10 };

function check(scenario: Scenario, pieces: readonly Buffer[], status = 200, withholdsUsage = false): string | null {
  const answer = new AnswerCheck(withholdsUsage);
  answer.begin(scenario);
  answer.addHead(status);
  for (const piece of pieces) answer.addBody(piece, 0, piece.length);
  return answer.findFault();
}

test("a plain body must be what the provider sent, byte for byte", () => {
  const altered = Buffer.from(PLAIN_BODY);
  altered[100] = (altered[100] ?? 0) ^ 1;
  expect(check({ kind: "plain" }, [PLAIN_BODY])).toBeNull();
  expect(check({ kind: "plain" }, [PLAIN_BODY.subarray(0, 7), PLAIN_BODY.subarray(7)])).toBeNull();
  expect(check({ kind: "plain" }, [altered])).toBe("the body differs from what the provider sent");
  expect(check({ kind: "plain" }, [PLAIN_BODY.subarray(1)])).toContain("expected a body of");
  expect(check({ kind: "plain" }, [PLAIN_BODY], 502)).toBe("expected status 200, got 502");
});

test("a stream must be complete and end with [DONE], in whatever pieces it comes", () => {
  const whole = Buffer.concat([CONTENT_EVENT, CONTENT_EVENT, FINISH_EVENT, USAGE_EVENT, DONE_EVENT]);
  expect(check(STREAM, [whole])).toBeNull();
  expect(check(STREAM, [whole.subarray(0, -3), whole.subarray(-3)])).toBeNull();
  expect(check(STREAM, [whole.subarray(0, -1)])).toContain("expected a stream of");
  const withoutDone = Buffer.concat([whole.subarray(0, -DONE_EVENT.length), Buffer.alloc(DONE_EVENT.length, 0x20)]);
  expect(check(STREAM, [withoutDone])).toBe("the stream ended without [DONE]");
});

test("a gateway that asked for usage itself must withhold exactly that event", () => {
  const withheld = Buffer.concat([CONTENT_EVENT, CONTENT_EVENT, FINISH_EVENT, DONE_EVENT]);
  expect(check(STREAM, [withheld], 200, true)).toBeNull();
  expect(check(STREAM, [withheld], 200, false)).toContain("expected a stream of");
});
