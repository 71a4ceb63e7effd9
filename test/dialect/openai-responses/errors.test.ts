import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/errors.ts";
import { renderErrorEvent, errors } from "../../../src/dialect/openai-responses/errors.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { eventsOf } from "./fixtures.ts";

function readBody(status: number, body: JsonObject | null, text = "", headers: Record<string, string> = {}) {
  return errors.read(status, body, text, (name) => headers[name] ?? null);
}

describe("a provider's error", () => {
  test.each([
    [400, "model_not_found", "not_found"],
    [400, "context_length_exceeded", "context_window_exceeded"],
    [400, "content_policy_violation", "content_policy"],
    [400, "missing_required_parameter", "invalid_request"],
    [401, "invalid_api_key", "unauthorized"],
    [403, "unsupported_country", "forbidden"],
    [404, null, "not_found"],
    [429, "insufficient_quota", "budget_exceeded"],
    [429, "rate_limit_exceeded", "rate_limited"],
    [500, "server_error", "upstream_error"],
    [503, "server_error", "overloaded"],
    [529, null, "overloaded"],
    [504, null, "upstream_timeout"],
  ])("%d with code %p is %s", (status, code, expected) => {
    const error = readBody(status, { error: { message: "words", type: null, param: "p", code } });
    expect(error).toMatchObject({
      code: expected,
      status,
      message: "words",
      param: "p",
      detail: code,
      source: "provider",
    });
  });

  test("a full context is known by its words where it has no code", () => {
    const body = { error: { message: "This model's maximum context length is 8192 tokens." } };
    expect(readBody(400, body).code).toBe("context_window_exceeded");
  });

  test("xAI's form, plain texts and empty bodies are read", () => {
    expect(readBody(400, { code: "invalid-argument", error: "Model not found" })).toMatchObject({
      message: "Model not found",
      detail: "invalid-argument",
    });
    expect(readBody(401, { detail: "Unauthorized" }).message).toBe("Unauthorized");
    expect(readBody(502, null, " bad gateway\n").message).toBe("bad gateway");
    expect(readBody(502, null).message).toBe("The provider answered with status 502.");
  });

  test("retry-after is kept, in milliseconds or seconds", () => {
    expect(readBody(429, {}, "", { "retry-after": "3" }).retryAfterSeconds).toBe(3);
    expect(readBody(429, {}, "", { "retry-after-ms": "1500", "retry-after": "9" }).retryAfterSeconds).toBe(2);
    expect(readBody(429, {}, "", { "retry-after": "Fri, 01 Jan 2027 00:00:00 GMT" }).retryAfterSeconds).toBeNull();
  });
});

describe("an error for a caller", () => {
  test("has the API's shape and says whose it is", () => {
    const written = errors.write(
      {
        code: "rate_limited",
        status: 429,
        message: "slow down",
        param: null,
        detail: null,
        source: "gateway",
        retryAfterSeconds: 1.2,
      },
      "req-1",
    );
    expect(JSON.parse(written.body)).toEqual({
      error: {
        message: "slow down",
        type: "rate_limit_error",
        param: null,
        code: "rate_limit_exceeded",
        source: "gateway",
      },
    });
    expect(written.headers).toEqual([["retry-after", "2"]]);
  });

  test.each([
    ["context_window_exceeded", "invalid_request_error", "provider", "context_length_exceeded"],
    ["not_found", "model_not_found", "provider", "model_not_found"],
    ["not_found", "unknown_url", "gateway", "unknown_url"],
    ["invalid_request", "unsupported_file", "provider", "unsupported_file"],
  ] as const)("%s, said as %s by the %s, has the code callers look for: %s", (code, detail, source, expected) => {
    const error = { code, status: 400, message: "m", param: null, detail, source, retryAfterSeconds: null };
    expect(JSON.parse(errors.write(error, "req-1").body).error.code).toBe(expected);
  });

  test("in a stream it has both forms that SDKs look for, and a code that is a text", () => {
    const [event] = eventsOf(renderErrorEvent(new GatewayError("invalid_request", "no")));
    expect(event).toEqual({
      type: "error",
      sequence_number: 0,
      code: "invalid_request_error",
      message: "no",
      param: null,
      error: {
        type: "invalid_request_error",
        code: "invalid_request_error",
        message: "no",
        param: null,
        source: "gateway",
      },
    });
  });
});
