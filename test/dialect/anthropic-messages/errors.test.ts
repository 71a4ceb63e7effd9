import { expect, test } from "bun:test";
import { readError, renderErrorEvent, writeError } from "../../../src/dialect/anthropic-messages/errors.ts";
import type { NeutralError } from "../../../src/dialect/neutral.ts";
import { type ErrorCode, GatewayError } from "../../../src/errors.ts";

const none = (): null => null;

function read(status: number, type: string, message: string): NeutralError {
  return readError(status, { type: "error", error: { type, message } }, "", none);
}

test("each class of error has its code, and keeps status and message", () => {
  const cases: readonly (readonly [number, string, string, ErrorCode])[] = [
    [400, "invalid_request_error", "tools.0.name: Field required", "invalid_request"],
    [400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", "context_window_exceeded"],
    [400, "invalid_request_error", "Output blocked by content filtering policy", "content_policy"],
    [400, "invalid_request_error", "Your credit balance is too low to access the API.", "budget_exceeded"],
    [401, "authentication_error", "invalid x-api-key", "unauthorized"],
    [402, "billing_error", "no", "budget_exceeded"],
    [403, "permission_error", "no", "forbidden"],
    [404, "not_found_error", "model: nope", "not_found"],
    [413, "request_too_large", "no", "payload_too_large"],
    [429, "rate_limit_error", "no", "rate_limited"],
    [500, "api_error", "no", "upstream_error"],
    [504, "timeout_error", "no", "upstream_timeout"],
    [529, "overloaded_error", "Overloaded", "overloaded"],
  ];
  for (const [status, type, message, code] of cases) {
    expect(read(status, type, message)).toMatchObject({ status, code, message, source: "provider" });
  }
  expect(read(400, "invalid_request_error", "tools.0.name: Field required").param).toBe("tools.0.name");
  expect(read(404, "not_found_error", "model: nope").detail).toBe("model_not_found");
});

test("what is no JSON is told by its status", () => {
  expect(readError(502, null, "<html>Bad gateway</html>", none)).toMatchObject({
    code: "upstream_error",
    status: 502,
    message: "<html>Bad gateway</html>",
  });
  expect(readError(529, null, "", none)).toMatchObject({ code: "overloaded", message: "HTTP 529" });
});

test("a rate limit tells when it is reset", () => {
  const headers = new Map([["retry-after", "7"]]);
  const after = () => readError(429, null, "", (name) => headers.get(name) ?? null).retryAfterSeconds;
  expect(after()).toBe(7);
  headers.clear();
  headers.set("date", "Fri, 02 Jan 2026 00:00:00 GMT");
  headers.set("anthropic-ratelimit-tokens-remaining", "0");
  headers.set("anthropic-ratelimit-tokens-reset", "2026-01-02T00:00:30Z");
  headers.set("anthropic-ratelimit-requests-remaining", "10");
  headers.set("anthropic-ratelimit-requests-reset", "2026-01-02T01:00:00Z");
  expect(after()).toBe(30);
  headers.set("anthropic-ratelimit-tokens-remaining", "5");
  expect(after()).toBeNull();
});

test("errors leave in the API's form", () => {
  const error: NeutralError = {
    code: "overloaded",
    status: 529,
    message: "Busy",
    param: null,
    detail: null,
    source: "gateway",
    retryAfterSeconds: null,
  };
  const written = writeError(error, "r1");
  expect(JSON.parse(written.body)).toEqual({
    type: "error",
    error: { type: "overloaded_error", message: "Busy" },
    request_id: "r1",
  });
  const policy = writeError({ ...error, code: "content_policy", status: 400 }, "r1");
  expect(JSON.parse(policy.body).error).toEqual({
    type: "invalid_request_error",
    message: "Busy",
    details: { error_code: "content_policy" },
  });
  expect(readError(400, JSON.parse(policy.body), "", none)).toMatchObject({ code: "content_policy", detail: null });
  expect(written.headers).toEqual([["request-id", "r1"]]);
  expect(renderErrorEvent(new GatewayError("upstream_truncated", "Cut."))).toBe(
    'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"Cut."}}\n\n',
  );
});
