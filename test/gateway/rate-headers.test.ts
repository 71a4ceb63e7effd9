import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RateBucket } from "../../src/admission/rate-bucket.ts";
import { RateScope, type Refusal } from "../../src/admission/rate-limits.ts";
import { readReset } from "../../src/dialect/openai-chat/reset-time.ts";
import { rateHeaderLines, refusalError } from "../../src/gateway/rate-headers.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };
const WALL_MS = Date.UTC(2026, 0, 1, 12, 0, 0, 250);

function scope(name: string, rpm: number | null, tpm: number | null): RateScope {
  const bucket = (limit: number | null): RateBucket | null => (limit === null ? null : new RateBucket(limit, 0));
  return new RateScope("key", name, bucket(rpm), bucket(tpm));
}

function linesOf(text: string): Readonly<Record<string, string>> {
  expect(text === "" || text.endsWith("\r\n")).toBe(true);
  return Object.fromEntries(
    text
      .split("\r\n")
      .filter((line) => line !== "")
      .map((line): [string, string] => {
        const [, name = "", value = ""] = /^([a-z-]+): ([0-9A-Za-z.:-]+)$/.exec(line) ?? [];
        return [name, value];
      }),
  );
}

describe("the headers of limits", () => {
  test("say in OpenAI's words what is left and when it is full again", () => {
    const key = scope("shop", 60, 6_000);
    key.requests?.take(1, 0);
    key.tokens?.take(4_500.5, 0);
    expect(linesOf(rateHeaderLines("openai-chat", [key], 0, WALL_MS))).toEqual({
      "x-ratelimit-limit-requests": "60",
      "x-ratelimit-remaining-requests": "59",
      "x-ratelimit-reset-requests": "1s",
      "x-ratelimit-limit-tokens": "6000",
      "x-ratelimit-remaining-tokens": "1499",
      "x-ratelimit-reset-tokens": "45.005s",
    });
  });

  test("say it in Anthropic's words to who speaks its API", () => {
    const key = scope("shop", 60, null);
    key.requests?.take(61, 0);
    expect(linesOf(rateHeaderLines("anthropic-messages", [key], 0, WALL_MS))).toEqual({
      "anthropic-ratelimit-requests-limit": "60",
      "anthropic-ratelimit-requests-remaining": "0",
      "anthropic-ratelimit-requests-reset": "2026-01-01T12:01:02Z",
    });
  });

  test("are none where nothing is limited", () => {
    expect(rateHeaderLines("openai-chat", [], 0, WALL_MS)).toBe("");
    expect(rateHeaderLines("openai-chat", [scope("shop", null, null)], 0, WALL_MS)).toBe("");
  });

  test("are of the tightest scope for each kind, of equals the smaller", () => {
    const key = scope("shop", 10, 1_000);
    const gateway = scope("", 100, 500);
    const limits = (): readonly unknown[] => {
      const lines = linesOf(rateHeaderLines("openai-chat", [gateway, key], 0, WALL_MS));
      return [lines["x-ratelimit-limit-requests"], lines["x-ratelimit-limit-tokens"]];
    };
    expect(limits()).toEqual(["10", "500"]);
    gateway.requests?.take(50, 0);
    key.requests?.take(4, 0);
    key.tokens?.take(10, 0);
    expect(limits()).toEqual(["100", "1000"]);
  });

  test.each([
    [0, "0s"],
    [1, "1ms"],
    [120, "120ms"],
    [1_000, "1s"],
    [8_640, "8.64s"],
    [59_999, "59.999s"],
    [60_000, "1m0s"],
    [86_400, "1m26.4s"],
    [360_000, "6m0s"],
    [3_600_000, "1h0m0s"],
    [7_265_500, "2h1m5.5s"],
  ])("write %d ms as %s, as Go does", (ms, text) => {
    const key = scope("shop", null, 60_000);
    key.tokens?.take(ms, 0);
    expect(linesOf(rateHeaderLines("openai-chat", [key], 0, WALL_MS))["x-ratelimit-reset-tokens"]).toBe(text);
  });

  test("are whole numbers within the limit, whatever was taken, and our own reader understands them", () => {
    const someLimit = fc.integer({ min: 1, max: 5_000_000 });
    fc.assert(
      fc.property(someLimit, fc.double({ min: 0, max: 1e8, noNaN: true }), fc.nat(200_000), (limit, taken, nowMs) => {
        const key = scope("shop", limit, limit);
        key.requests?.take(taken, 0);
        const ours = linesOf(rateHeaderLines("gemini", [key], nowMs, WALL_MS));
        const remaining = Number(ours["x-ratelimit-remaining-requests"]);
        expect(Number.isInteger(remaining)).toBe(true);
        expect(remaining).toBeWithin(0, limit + 1);
        const resetMs = key.requests?.resetMs(nowMs) ?? 0;
        if (resetMs <= 86_400_000) {
          expect(readReset(ours["x-ratelimit-reset-requests"] ?? "", 0)).toBeCloseTo(resetMs / 1_000, 2);
        }
        const theirs = linesOf(rateHeaderLines("anthropic-messages", [key], nowMs, WALL_MS));
        const moment = Date.parse(theirs["anthropic-ratelimit-requests-reset"] ?? "");
        expect(moment - WALL_MS).toBeWithin(resetMs, resetMs + 1_000);
      }),
      RUNS,
    );
  });
});

describe("a refusal", () => {
  const base: Refusal = {
    kind: "refused",
    scope: "key",
    name: "shop",
    limit: "requests",
    perMinute: 600,
    retryAfterMs: 1_250,
  };

  test("names the limit and says when to try again", () => {
    const error = refusalError(base);
    expect(error.message).toBe(
      "Rate limit reached for the key shop on requests per min (RPM): limit 600. Please try again in 1.25s.",
    );
    expect(error.status).toBe(429);
    expect(error.code).toBe("rate_limited");
    expect(error.options).toEqual({ retryAfterSeconds: 1.25, detail: "rate_limit_exceeded" });
  });

  test("of the gateway names no key", () => {
    const { message } = refusalError({ ...base, scope: "gateway", name: "", limit: "tokens", retryAfterMs: 61_000 });
    expect(message).toBe(
      "Rate limit reached for this gateway on tokens per min (TPM): limit 600. Please try again in 1m1s.",
    );
  });
});
