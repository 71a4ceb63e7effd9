import { describe, expect, test } from "bun:test";
import { gemini } from "../../../src/dialect/gemini/dialect.ts";
import type { NeutralError } from "../../../src/dialect/neutral.ts";
import { ERROR_TABLE, type ErrorCode } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

const RPC = "type.googleapis.com/google.rpc.";
const none = (): null => null;

function read(status: number, error: JsonObject): NeutralError {
  return gemini.errors.read(status, { error }, "", none);
}

describe("reading Gemini's errors", () => {
  test.each([
    [400, "INVALID_ARGUMENT", "Bad value", "invalid_request"],
    [
      400,
      "INVALID_ARGUMENT",
      "The input token count (12) exceeds the maximum number of tokens allowed (10).",
      "context_window_exceeded",
    ],
    [400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", "unauthorized"],
    [401, "UNAUTHENTICATED", "no", "unauthorized"],
    [403, "PERMISSION_DENIED", "no", "forbidden"],
    [404, "NOT_FOUND", "models/x is not found", "not_found"],
    [
      429,
      "RESOURCE_EXHAUSTED",
      "You exceeded your current quota, please check your plan and billing details.",
      "rate_limited",
    ],
    [429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.", "budget_exceeded"],
    [500, "INTERNAL", "oops", "upstream_error"],
    [503, "UNAVAILABLE", "The model is overloaded.", "overloaded"],
    [504, "DEADLINE_EXCEEDED", "late", "upstream_timeout"],
    [418, "constructor", "what", "invalid_request"],
  ] as const)("reads %p %s (%s) as %s", (status, name, message, code) => {
    expect(read(status, { code: status, status: name, message })).toMatchObject({ code, message, source: "provider" });
  });

  test("knows a bad key, whose status is 400", () => {
    const details = [{ "@type": `${RPC}ErrorInfo`, reason: "API_KEY_INVALID", domain: "googleapis.com" }];
    const error = read(400, { code: 400, status: "INVALID_ARGUMENT", message: "API key not valid.", details });
    expect(error).toMatchObject({ code: "unauthorized", status: 400, detail: "API_KEY_INVALID" });
  });

  test("reads when to come back, and which field was wrong", () => {
    const details = [
      { "@type": `${RPC}QuotaFailure`, violations: [{ quotaId: "x" }] },
      { "@type": `${RPC}RetryInfo`, retryDelay: "34.4s" },
    ];
    expect(read(429, { status: "RESOURCE_EXHAUSTED", message: "m", details }).retryAfterSeconds).toBe(35);
    const fields = [{ "@type": `${RPC}BadRequest`, fieldViolations: [{ field: "contents[0].role" }] }];
    expect(read(400, { status: "INVALID_ARGUMENT", message: "m", details: fields }).param).toBe("contents[0].role");
    const header = (name: string) => (name === "retry-after" ? "12" : null);
    expect(gemini.errors.read(503, null, "", header).retryAfterSeconds).toBe(12);
  });

  test("reads an array of one, and what is no JSON at all", () => {
    const text = '[{"error":{"code":404,"message":"gone","status":"NOT_FOUND"}}]';
    expect(gemini.errors.read(404, null, text, none)).toMatchObject({ code: "not_found", message: "gone" });
    expect(gemini.errors.read(502, null, "<html>Bad gateway</html>", none)).toMatchObject({
      code: "upstream_error",
      status: 502,
      message: "<html>Bad gateway</html>",
    });
    expect(gemini.errors.read(500, null, "", none).message).toBe("The provider answered 500.");
  });
});

describe("writing Gemini's errors", () => {
  test("is a google.rpc.Status that its own reader understands", () => {
    for (const code of Object.keys(ERROR_TABLE) as ErrorCode[]) {
      const { status } = ERROR_TABLE[code];
      const error: NeutralError = {
        code,
        status,
        message: "m",
        param: "p",
        detail: "why",
        source: "gateway",
        retryAfterSeconds: 3,
      };
      const { body, contentType } = gemini.errors.write(error, "r");
      expect(contentType).toBe("application/json");
      const parsed = JSON.parse(body) as { error: JsonObject };
      expect(parsed.error).toMatchObject({ code: status, message: "m" });
      expect(parsed.error["status"]).toMatch(/^[A-Z_]+$/);
      expect(gemini.errors.read(status, parsed, body, none)).toMatchObject({
        code,
        status,
        param: "p",
        detail: "why",
        retryAfterSeconds: 3,
      });
    }
  });
});
