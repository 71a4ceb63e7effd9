import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  parseRetryAfter,
  readRateLimitReset,
  readRetryAfterMs,
  readRetryDelay,
} from "../../src/admission/rate-limit-reset.ts";
import anthropic from "../../src/provider/anthropic.ts";
import azure from "../../src/provider/azure.ts";
import cerebras from "../../src/provider/cerebras.ts";
import groq from "../../src/provider/groq.ts";
import openai from "../../src/provider/openai.ts";
import openrouter from "../../src/provider/openrouter.ts";
import together from "../../src/provider/together.ts";

const numRuns = Number(process.env["FUZZ_COUNT"] ?? 300);
const NOW = Date.parse("2026-01-01T00:00:00Z");
const MONTH_MS = 32 * 86_400_000;

type Fields = Readonly<Record<string, string>>;
const headerOf =
  (fields: Fields) =>
  (name: string): string | null =>
    fields[name] ?? null;
const namesOf = ({ rateLimitHeaders }: { readonly rateLimitHeaders?: readonly string[] }): readonly string[] => {
  if (rateLimitHeaders === undefined) throw new Error("expected a provider that declares its rate limit headers");
  return rateLimitHeaders;
};
const reset = (names: readonly string[], fields: Fields, wallNowMs = NOW): number | null =>
  readRateLimitReset(names, headerOf(fields), wallNowMs);

describe("Retry-After", () => {
  // RFC 9110 section 10.2.3, dates as in section 5.6.7.
  test.each([
    ["30", 30_000],
    ["0.5", 500],
    ["0", 0],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Thursday, 01-Jan-26 00:01:00 GMT", 60_000],
    ["Thu Jan  1 00:01:00 2026", 60_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["2026-01-01T00:00:30Z", 30_000],
  ])("%s", (text, ms) => expect(parseRetryAfter(text, NOW)).toBe(ms));

  test.each([
    [null],
    [""],
    ["soon"],
    ["-1"],
    ["1e3"],
    ["NaN"],
    ["Infinity"],
    ["0x10"],
    ["999999999"],
    ["99999999999999999999"],
    ["Fri, 31 Dec 9999 23:59:59 GMT"],
    ["Xxx, not a date GMT"],
    [`${"1".repeat(10_000)}`],
  ])("%p says nothing", (text) => expect(parseRetryAfter(text, NOW)).toBeNull());
});

test("a date without a zone is UTC, wherever the gateway stands", () => {
  const zone = process.env["TZ"];
  process.env["TZ"] = "America/New_York";
  try {
    expect(new Date(NOW).getHours()).toBe(19);
    expect(parseRetryAfter("Thu Jan  1 00:01:00 2026", NOW)).toBe(60_000);
  } finally {
    process.env["TZ"] = zone ?? "UTC";
  }
});

describe("a reset, as each provider writes it", () => {
  const only = ["x-ratelimit-reset"];
  const ask = (value: string, wallNowMs = NOW): number | null => reset(only, { "x-ratelimit-reset": value }, wallNowMs);

  test.each([
    // https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
    ["1s", 1_000],
    ["6m0s", 360_000],
    // Recorded: openai.
    ["120ms", 120],
    ["8.64s", 8_640],
    // https://github.com/openai/openai-agents-js/issues/1022
    ["1m26.4s", 86_400],
    // https://console.groq.com/docs/rate-limits, and recorded: groq.
    ["7.66s", 7_660],
    ["2m59.56s", 179_560],
    ["10m4.437999999s", 604_438],
    ["278.999999ms", 279],
    // Go's Duration.String: https://pkg.go.dev/time#Duration.String
    ["1h0m0s", 3_600_000],
    ["23h59m59s", 86_399_000],
    ["1.5µs", 0],
    ["0s", 0],
    // Recorded: cerebras, together, azure.
    ["23.606698751449585", 23_607],
    ["3563.6066987514496", 3_563_607],
    ["2", 2_000],
    ["0", 0],
    // Recorded: anthropic (RFC 3339, https://platform.claude.com/docs/en/api/rate-limits#response-headers).
    ["2026-01-01T00:00:53Z", 53_000],
    ["2026-01-01T01:00:53.250+01:00", 53_250],
    // Seconds since 1970: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    ["1767225630", 30_000],
    // RFC 9110 section 5.6.7.
    ["Thu, 01 Jan 2026 00:00:20 GMT", 20_000],
    // What has passed is now.
    ["2025-12-31T23:59:59Z", 0],
    ["1767225599", 0],
  ])("%s", (text, ms) => expect(Math.round(ask(text) as number)).toBe(ms));

  test("OpenRouter's milliseconds since 1970, as recorded", () => {
    // The answer's own date: Sun, 05 Oct 2025 13:32:58 GMT.
    const wallMs = Date.parse("Sun, 05 Oct 2025 13:32:58 GMT");
    const fields = { "x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1759671180000" };
    expect(reset(namesOf(openrouter), fields, wallMs)).toBe(2_000);
  });

  test.each([
    [""],
    ["-5"],
    ["-5s"],
    ["NaN"],
    ["Infinity"],
    ["1e308"],
    ["1e3"],
    ["9".repeat(16)],
    ["9".repeat(60)],
    ["9".repeat(500)],
    ["9999-12-31T23:59:59Z"],
    ["2026-13-45T99:99:99Z"],
    ["Fri, 31 Dec 9999 23:59:59 GMT"],
    ["999999999999h"],
    ["5 s"],
    ["5s5"],
    ["1s".repeat(50)],
    ["s"],
    ["5w"],
    ["1,2"],
    ["tomorrow"],
    ["99999999"],
  ])("%p says nothing", (text) => expect(ask(text)).toBeNull());

  test("any text gives a time within a month or nothing, and never throws", () => {
    const piece = fc.constantFrom(
      "1",
      "9",
      "0",
      ".",
      "-",
      "+",
      "e",
      "h",
      "m",
      "s",
      "ms",
      "T",
      "Z",
      ":",
      " ",
      "GMT",
      "NaN",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join("")),
      fc.double().map(String),
    );
    fc.assert(
      fc.property(text, text, text, (value, remaining, period) => {
        const fields = {
          "x-ratelimit-reset": value,
          "x-ratelimit-remaining": remaining,
          "x-ratelimit-renewalperiod": period,
          "retry-after": period,
          "retry-after-ms": remaining,
        };
        for (const ms of [reset(only, fields), readRetryAfterMs(headerOf(fields), only, NOW)]) {
          if (ms === null) continue;
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(MONTH_MS);
        }
      }),
      { seed: 42, numRuns: numRuns * 10 },
    );
  });
});

describe("of several resets", () => {
  test("the one counts beside which nothing remains", () => {
    const fields = {
      "x-ratelimit-remaining-requests": "99",
      "x-ratelimit-reset-requests": "600ms",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "6m0s",
    };
    expect(reset(namesOf(openai), fields)).toBe(360_000);
    expect(reset(namesOf(groq), fields)).toBe(360_000);
  });

  test("the last counts where several are used up: all must be free", () => {
    const fields = {
      "anthropic-ratelimit-requests-remaining": "0",
      "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:05Z",
      "anthropic-ratelimit-tokens-remaining": "0",
      "anthropic-ratelimit-tokens-reset": "2026-01-01T00:00:40Z",
      "anthropic-ratelimit-output-tokens-remaining": "16000",
      "anthropic-ratelimit-output-tokens-reset": "2026-01-01T00:00:59Z",
    };
    expect(reset(namesOf(anthropic), fields)).toBe(40_000);
  });

  test("a day's window beside a minute's does not count while something of it remains", () => {
    const fields = {
      "x-ratelimit-remaining-requests-day": "1439990",
      "x-ratelimit-reset-requests-day": "3563.6066987514496",
      "x-ratelimit-remaining-tokens-minute": "0",
      "x-ratelimit-reset-tokens-minute": "23.606698751449585",
    };
    expect(Math.round(reset(namesOf(cerebras), fields) as number)).toBe(23_607);
  });

  test("none counts where something remains of everything", () => {
    const fields = {
      "x-ratelimit-remaining-requests": "1",
      "x-ratelimit-reset-requests": "12ms",
      "x-ratelimit-remaining-tokens": "400",
      "x-ratelimit-reset-tokens": "1s",
    };
    expect(reset(namesOf(openai), fields)).toBeNull();
    expect(reset(namesOf(together), { "x-ratelimit-remaining": "1", "x-ratelimit-reset": "2" })).toBeNull();
  });

  test("the first counts where nothing is said of what remains", () => {
    const fields = { "x-ratelimit-reset-requests": "1h0m0s", "x-ratelimit-reset-tokens": "2s" };
    expect(reset(namesOf(openai), fields)).toBe(2_000);
  });

  test("a count below zero says nothing of what remains, as Azure means it", () => {
    // https://github.com/openai/openai-dotnet/issues/838
    const fields = { "x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "0" };
    expect(reset(namesOf(azure), fields)).toBe(0);
    expect(reset(namesOf(azure), { ...fields, "x-ratelimit-remaining-tokens": "none" })).toBe(0);
  });

  test("Azure's milliseconds are known by a window that is shorter, as recorded", () => {
    // 120 requests a minute, one used: back in 500 ms.
    const fields = {
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-renewalperiod-requests": "60",
      "x-ratelimit-reset-requests": "500",
    };
    expect(reset(namesOf(azure), fields)).toBe(500);
    expect(reset(namesOf(azure), { ...fields, "x-ratelimit-reset-requests": "55" })).toBe(55_000);
  });

  test("one that cannot be read is passed over", () => {
    const fields = {
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": "9999-12-31T00:00:00Z",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "3s",
    };
    expect(reset(namesOf(openai), fields)).toBe(3_000);
    expect(reset(namesOf(openai), {})).toBeNull();
    expect(reset([], fields)).toBeNull();
  });
});

describe("the final word of a provider", () => {
  const fields = {
    "retry-after-ms": "1234.5",
    "retry-after": "2",
    "x-ratelimit-remaining-tokens": "0",
    "x-ratelimit-reset-tokens": "1m0s",
  };
  const read = (given: Fields): number | null => readRetryAfterMs(headerOf(given), namesOf(openai), NOW);
  const without = (...names: readonly string[]): Fields =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

  test("is retry-after-ms, then retry-after, then the resets", () => {
    expect(read(fields)).toBe(1_234.5);
    expect(read(without("retry-after-ms"))).toBe(2_000);
    expect(read(without("retry-after-ms", "retry-after"))).toBe(60_000);
    expect(read({})).toBeNull();
  });

  test("is the next where one makes no sense", () => {
    expect(read({ ...fields, "retry-after-ms": "-1" })).toBe(2_000);
    expect(read({ ...fields, "retry-after-ms": "1e308", "retry-after": "never" })).toBe(60_000);
  });
});

describe("a body that names the wait", () => {
  test("is read as Google writes it, and anything else is no word", () => {
    expect(readRetryDelay('{"error":{"details":[{"@type":"RetryInfo","retryDelay": "34.5s"}]}}')).toBe(34_500);
    expect(readRetryDelay('{"retryDelay":"12345678901s"}')).toBeNull();
    expect(readRetryDelay('{"retryDelay":"soon"}')).toBeNull();
  });
});
