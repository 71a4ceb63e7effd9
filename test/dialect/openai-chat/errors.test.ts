import { describe, expect, test } from "bun:test";
import type { HeaderLookup } from "../../../src/dialect/dialect.ts";
import type { NeutralError } from "../../../src/dialect/neutral.ts";
import { openaiChat } from "../../../src/dialect/openai-chat/dialect.ts";
import { renderErrorBody, renderErrorEvent } from "../../../src/dialect/openai-chat/errors.ts";
import { readReset } from "../../../src/dialect/openai-chat/reset-time.ts";
import { type ErrorCode, GatewayError } from "../../../src/errors.ts";
import { parseObject } from "../../../src/lib/json.ts";

function readError(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): NeutralError {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const header: HeaderLookup = (name) => headers[name] ?? null;
  return openaiChat.errors.read(status, parseObject(text), text, header);
}

describe("a provider's error", () => {
  test("is classified, whatever its shape", () => {
    const cases: readonly (readonly [status: number, body: unknown, code: ErrorCode, message: string])[] = [
      [400, { error: { message: "bad", type: "invalid_request_error", param: "x" } }, "invalid_request", "bad"],
      [400, { error: { message: "too long", code: "context_length_exceeded" } }, "context_window_exceeded", "too long"],
      [
        400,
        { error: { message: "This model's maximum context length is 10 tokens." } },
        "context_window_exceeded",
        "This model's maximum context length is 10 tokens.",
      ],
      [
        400,
        {
          error: {
            message: "request (9 tokens) exceeds the available context size",
            type: "exceed_context_size_error",
          },
        },
        "context_window_exceeded",
        "request (9 tokens) exceeds the available context size",
      ],
      [400, { error: { message: "filtered", code: "content_filter" } }, "content_policy", "filtered"],
      [
        403,
        { code: "denied", error: "Content violates usage guidelines." },
        "content_policy",
        "Content violates usage guidelines.",
      ],
      [401, { detail: "Invalid API Key" }, "unauthorized", "Invalid API Key"],
      [400, { error: "Incorrect API key provided" }, "unauthorized", "Incorrect API key provided"],
      [402, { error: { message: "Insufficient Balance" } }, "budget_exceeded", "Insufficient Balance"],
      [
        429,
        { error: { message: "You exceeded your current quota", code: "insufficient_quota" } },
        "budget_exceeded",
        "You exceeded your current quota",
      ],
      [429, { error: { message: "slow down", code: "rate_limit_exceeded" } }, "rate_limited", "slow down"],
      [404, { error: "Specified model not found: x" }, "not_found", "Specified model not found: x"],
      [
        400,
        { code: "1500", message: "Invalid model: x", type: "invalid_model", object: "error" },
        "not_found",
        "Invalid model: x",
      ],
      [400, { error: { message: "gone", code: "model_decommissioned" } }, "not_found", "gone"],
      [
        422,
        { detail: [{ loc: ["body", "n"], msg: "Input should be 1", type: "x" }] },
        "invalid_request",
        "Input should be 1",
      ],
      [500, { errors: [{ message: "AiError: boom", code: 3043 }] }, "upstream_error", "AiError: boom"],
      [500, { error: { message: "The model is overloaded" } }, "overloaded", "The model is overloaded"],
      [503, "Service Unavailable", "overloaded", "Service Unavailable"],
      [529, { error: { message: "busy" } }, "overloaded", "busy"],
      [504, "<html></html>", "upstream_timeout", "The provider answered with status 504."],
      [408, { message: "late" }, "request_timeout", "late"],
      [413, { message: "big" }, "payload_too_large", "big"],
      [502, "", "upstream_error", "The provider answered with status 502."],
      [429, [{ error: { code: 429, message: "spent", status: "RESOURCE_EXHAUSTED" } }], "rate_limited", "spent"],
      [
        400,
        {
          error: {
            code: 400,
            message: "Provider returned error",
            metadata: { raw: '{"error":{"message":"inner","code":"context_length_exceeded"}}' },
          },
        },
        "context_window_exceeded",
        "inner",
      ],
      [
        200,
        { error: { code: 502, message: "Provider returned error", metadata: { raw: "plain" } } },
        "upstream_error",
        "plain",
      ],
    ];
    for (const [status, body, code, message] of cases) {
      const error = readError(status, body);
      expect([error.code, error.message, error.source]).toEqual([code, message, "provider"]);
      if (status >= 400) expect(error.status).toBe(status);
    }
    expect(readError(200, { error: { code: 429, message: "x" } }).status).toBe(429);
  });

  test("says when to come back", () => {
    const limited = { error: { message: "slow down", code: "rate_limit_exceeded" } };
    const cases: readonly (readonly [headers: Readonly<Record<string, string>>, seconds: number | null])[] = [
      [{ "retry-after": "7" }, 7],
      [{ "retry-after-ms": "1500" }, 1.5],
      [{ "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", date: "Wed, 21 Oct 2026 07:28:00 GMT" }, 30],
      [
        {
          "x-ratelimit-remaining-requests": "0",
          "x-ratelimit-reset-requests": "1m30s",
          "x-ratelimit-remaining-tokens": "5",
          "x-ratelimit-reset-tokens": "1h",
        },
        90,
      ],
      [
        { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1792567710000", date: "Wed, 21 Oct 2026 07:28:00 GMT" },
        30,
      ],
      [{ "x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "1s" }, null],
      [{ "retry-after": "soon" }, null],
      [{}, null],
    ];
    for (const [headers, seconds] of cases) expect(readError(429, limited, headers).retryAfterSeconds).toBe(seconds);
    const told = readError(429, { error: { message: "Limit reached. Please try again in 1m2.5s. Visit …" } });
    expect(told.retryAfterSeconds).toBe(62.5);
    const wrapped = {
      error: {
        code: 429,
        message: "Rate limit",
        metadata: { headers: { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "20" } },
      },
    };
    expect(readError(429, wrapped).retryAfterSeconds).toBe(20);
    expect(readError(400, { error: { message: "try again in 5s" } }).retryAfterSeconds).toBeNull();
  });

  test("says no time that is none", () => {
    const now = 1_750_000_000_000;
    const cases: readonly (readonly [text: string, seconds: number | null])[] = [
      ["0", 0],
      ["2.5", 2.5],
      ["120ms", 0.12],
      ["6m0s", 360],
      ["-3", 0],
      ["", null],
      ["never", null],
      ["999999", null],
      [`${"1s".repeat(1_000)}`, null],
      [String(now / 1_000 + 60), 60],
      [String(now + 60_000), 60],
    ];
    for (const [text, seconds] of cases) expect(readReset(text, now)).toBe(seconds);
  });
});

describe("an error for a caller", () => {
  test("has OpenAI's shape and words, and reads back as what it is", () => {
    const codes: readonly ErrorCode[] = [
      "invalid_request",
      "unauthorized",
      "budget_exceeded",
      "forbidden",
      "not_found",
      "request_timeout",
      "context_window_exceeded",
      "content_policy",
      "rate_limited",
      "overloaded",
      "upstream_error",
      "upstream_timeout",
    ];
    for (const code of codes) {
      const { status } = new GatewayError(code, "x");
      const error: NeutralError = {
        code,
        status,
        message: "x",
        param: "p",
        detail: null,
        source: "provider",
        retryAfterSeconds: 1.2,
      };
      const { body, contentType, headers } = openaiChat.errors.write(error, "req_1");
      expect(contentType).toBe("application/json");
      expect(headers).toEqual([["retry-after", "2"]]);
      expect(JSON.parse(body)).toMatchObject({ error: { message: "x", param: "p", source: "provider" } });
      expect(readError(status, JSON.parse(body)).code).toBe(code);
    }
  });

  test("keeps a provider's own word except where callers look for OpenAI's", () => {
    const write = (error: Partial<NeutralError>): unknown => {
      const whole: NeutralError = {
        code: "not_found",
        status: 404,
        message: "x",
        param: null,
        detail: null,
        source: "provider",
        retryAfterSeconds: null,
      };
      return (JSON.parse(openaiChat.errors.write({ ...whole, ...error }, "r").body) as { error: { code: unknown } })
        .error.code;
    };
    expect(write({ detail: "model_not_found" })).toBe("model_not_found");
    expect(write({ code: "context_window_exceeded", detail: "invalid_request_error" })).toBe("context_length_exceeded");
    expect(write({ code: "rate_limited", detail: "too_fast", source: "gateway" })).toBe("too_fast");
  });

  test("of ours has the same shape, as a body and as an event", () => {
    const error = new GatewayError("invalid_request", "bad", { param: "n", detail: "invalid_type" });
    const expected = {
      error: { message: "bad", type: "invalid_request_error", param: "n", code: "invalid_type", source: "gateway" },
    };
    expect(JSON.parse(renderErrorBody(error))).toEqual(expected);
    expect(renderErrorEvent(error)).toBe(`data: ${JSON.stringify(expected)}\n\n`);
  });
});
