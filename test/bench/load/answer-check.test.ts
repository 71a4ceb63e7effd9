import { expect, test } from "bun:test";
import { CHAT } from "../call.ts";
import type { Call } from "../call.ts";
import { CONTENT_EVENT, DONE_EVENT, FINISH_EVENT, PLAIN_BODY, USAGE_EVENT } from "../payloads.ts";
import type { Scenario } from "../payloads.ts";
import { AnswerCheck } from "./answer-check.ts";

const STREAM: Scenario = { kind: "stream", chunks: 2, gapMs: 10, isStamped: false };

type Terms = { readonly status?: number; readonly withholdsUsage?: boolean; readonly call?: Call };

function check(scenario: Scenario, pieces: readonly Buffer[], terms: Terms = {}): string | null {
  const { status = 200, withholdsUsage = false, call = CHAT } = terms;
  const answer = new AnswerCheck({ call, withholdsUsage });
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
  expect(check({ kind: "plain" }, [PLAIN_BODY], { status: 502 })).toBe("expected status 200, got 502");
});

test("a stream must be complete and end with [DONE], in whatever pieces it comes", () => {
  const whole = Buffer.concat([CONTENT_EVENT, CONTENT_EVENT, FINISH_EVENT, USAGE_EVENT, DONE_EVENT]);
  expect(check(STREAM, [whole])).toBeNull();
  expect(check(STREAM, [whole.subarray(0, -3), whole.subarray(-3)])).toBeNull();
  expect(check(STREAM, [whole.subarray(0, -1)])).toContain("expected a stream of");
  const withoutDone = Buffer.concat([whole.subarray(0, -DONE_EVENT.length), Buffer.alloc(DONE_EVENT.length, 0x20)]);
  expect(check(STREAM, [withoutDone])).toBe("the stream ended without its last event");
});

test("a gateway that asked for usage itself must withhold exactly that event", () => {
  const withheld = Buffer.concat([CONTENT_EVENT, CONTENT_EVENT, FINISH_EVENT, DONE_EVENT]);
  expect(check(STREAM, [withheld], { withholdsUsage: true })).toBeNull();
  expect(check(STREAM, [withheld])).toContain("expected a stream of");
});

test("of a translated stream every text and the last event must come, however long it is", () => {
  const call: Call = { api: "messages", provider: "chat" };
  const text = CONTENT_EVENT.toString().match(/"content":("[^"]*")/)?.[1];
  const delta = Buffer.from(
    `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${text}}}\n\n`,
  );
  const end = Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n');
  expect(check(STREAM, [delta, delta, end], { call })).toBeNull();
  expect(check(STREAM, [Buffer.concat([delta, delta, end])], { call })).toBeNull();
  expect(check(STREAM, [delta, end], { call })).toBe("expected a stream of 2 texts, got 1");
  expect(check(STREAM, [delta, delta], { call })).toBe("the stream ended without its last event");
});
