import { describe, expect, test } from "bun:test";
import { CredentialRing, parseRetryAfter } from "../../src/admission/credential-ring.ts";

describe("a ring of credentials", () => {
  test("uses one after the other", () => {
    const ring = new CredentialRing(3);
    expect([0, 0, 0, 0].map(() => ring.pick(0, null))).toEqual([0, 1, 2, 0]);
  });

  test("leaves one out that was refused, until it has rested", () => {
    const ring = new CredentialRing(2);
    ring.rest(0, 1_000, 5_000);
    expect([ring.pick(1_000, null), ring.pick(5_999, null)]).toEqual([1, 1]);
    expect(ring.pick(6_000, null)).toBe(0);
  });

  test("rests for a minute where the provider does not say, and for an hour at most where it does", () => {
    const ring = new CredentialRing(2);
    ring.rest(0, 0, null);
    ring.rest(1, 0, 90_000_000);
    expect(ring.pick(59_999, null)).toBe(0);
    expect(ring.pick(60_000, null)).toBe(0);
    expect([ring.pick(3_599_999, null), ring.pick(3_600_000, null)]).toEqual([0, 1]);
  });

  test("with all of them resting, gives the one that is ready first", () => {
    const ring = new CredentialRing(3);
    ring.rest(0, 0, 9_000);
    ring.rest(1, 0, 3_000);
    ring.rest(2, 0, 6_000);
    expect(ring.pick(0, null)).toBe(1);
  });

  test("gives none twice to one request", () => {
    const ring = new CredentialRing(2);
    const first = ring.pick(0, null) as number;
    const second = ring.pick(0, new Set([first])) as number;
    expect(second).not.toBe(first);
    expect(ring.pick(0, new Set([first, second]))).toBeNull();
  });
});

describe("Retry-After", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  test.each([
    ["30", 30_000],
    ["0.5", 500],
    ["0", 0],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
  ])("%s", (text, ms) => expect(parseRetryAfter(text, now)).toBe(ms));
  test.each([[null], [""], ["soon"], ["-1"], ["99999999999999999999"]])("%p says nothing", (text) =>
    expect(parseRetryAfter(text, now)).toBeNull(),
  );
});
