import { describe, expect, test } from "bun:test";
import { statusForCaller } from "../../src/dialect/caller-status.ts";
import type { ErrorCode } from "../../src/errors.ts";

describe("the status of a provider's error in another API", () => {
  test.each<[ErrorCode, number, number]>([
    ["unauthorized", 401, 401],
    // Gemini's bad key, Bedrock's unknown one
    ["unauthorized", 400, 401],
    ["unauthorized", 403, 401],
    // Anthropic's used-up balance; Cohere's and OpenRouter's own status stays
    ["budget_exceeded", 400, 429],
    ["budget_exceeded", 402, 402],
    ["budget_exceeded", 429, 429],
    ["not_found", 400, 404],
    ["not_found", 410, 410],
    // Bedrock's service quota
    ["rate_limited", 400, 429],
    ["invalid_request", 422, 422],
    ["overloaded", 529, 529],
    ["upstream_error", 418, 418],
  ])("for %s with %d is %d", (code, status, expected) => {
    expect(statusForCaller({ code, status })).toBe(expected);
  });
});
