import { expect, test } from "bun:test";
import { codeOfStatus } from "../../src/dialect/code-of-status.ts";
import { ERROR_TABLE, type ErrorCode } from "../../src/errors.ts";

test("a status that our own answers use for one thing means the same at a provider", () => {
  const meant: readonly ErrorCode[] = [
    "unauthorized",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "request_timeout",
    "payload_too_large",
    "rate_limited",
    "upstream_timeout",
  ];
  for (const code of meant) expect(codeOfStatus(ERROR_TABLE[code].status)).toBe(code);
});

test("payment and overload have statuses of their own; what is not known is the caller's mistake below 500, the provider's from there", () => {
  expect(codeOfStatus(402)).toBe("budget_exceeded");
  expect([503, 529].map(codeOfStatus)).toEqual(["overloaded", "overloaded"]);
  expect([400, 418, 422, 499].map(codeOfStatus)).toEqual(Array(4).fill("invalid_request"));
  expect([500, 502, 599].map(codeOfStatus)).toEqual(Array(3).fill("upstream_error"));
});
