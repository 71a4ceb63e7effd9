/**
 * When a provider that refused may be asked again, by its own word. Read only of refusals (429, 503, 529): Anthropic and Hugging Face
 * send `retry-after` with good answers too, where it means nothing for us.
 *
 * What is bounded here is plausibility, not patience: a word that no rate limit can mean (a year 9999, a month and more) is as good
 * as none. How long a word is honoured is decided by who rests (`CoolDown`).
 */

/** The longest windows of rate limits are months (Mistral's `x-ratelimit-limit-tokens-month`). */
const MAX_PLAUSIBLE_MS = 32 * 86_400_000;
/** Longer than any date or duration a provider writes. */
const MAX_LENGTH = 64;
/** Plain numbers from here on are times since 1970: in seconds, then in milliseconds (2001 in both). */
const FIRST_EPOCH_SECONDS = 1e9;
const FIRST_EPOCH_MS = 1e12;

const NUMBER = /^\d{1,16}(\.\d{1,20})?$/;
/** RFC 3339 section 5.6. */
const RFC3339_DATE = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
/** RFC 9110 section 5.6.7: IMF-fixdate and the RFC 850 form; `Date.parse` alone would take "-1" for a year. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, .*GMT$/;
/** The third form there, without a zone because it is always UTC. */
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;
/** What Go's Duration.String writes (https://pkg.go.dev/time#Duration.String), and days, which it would write as hours. */
const DURATION = /^(\d{1,12}(\.\d{1,12})?(d|h|ms|m|s|us|µs|ns))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(d|h|ms|m|s|us|µs|ns)/g;
const UNIT_MS: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};

type ReadHeader = (name: string) => string | null;

/**
 * The provider's final word on when to come back, ms from now: `retry-after-ms` (Azure and OpenAI, finer than the seconds of the
 * next; their SDKs look in this order: https://github.com/openai/openai-node/blob/master/src/client.ts), then `retry-after`, then the
 * headers that tell when its limits reset. null: it said nothing of use.
 */
export function readRetryAfterMs(
  header: ReadHeader,
  rateLimitHeaders: readonly string[],
  wallNowMs: number,
): number | null {
  const ms = header("retry-after-ms");
  const inMs = ms !== null && NUMBER.test(ms) ? plausible(Number(ms)) : null;
  return (
    inMs ?? parseRetryAfter(header("retry-after"), wallNowMs) ?? readRateLimitReset(rateLimitHeaders, header, wallNowMs)
  );
}

/** `RetryInfo` in the body of a Google error; seconds with a fraction (https://cloud.google.com/apis/design/errors#error_details). */
const RETRY_DELAY = /"retryDelay":\s*"(\d{1,6}(?:\.\d{1,9})?)s"/;

/** The wait that a 429's body names where no header does, ms; null where it names none. */
export function readRetryDelay(bodyText: string): number | null {
  const seconds = RETRY_DELAY.exec(bodyText)?.[1];
  return seconds === undefined ? null : Math.ceil(Number(seconds) * 1_000);
}

/** Retry-After as milliseconds (RFC 9110 section 10.2.3: seconds or a date); null where it says nothing sensible. */
export function parseRetryAfter(value: string | null, wallNowMs: number): number | null {
  if (value === null || value.length > MAX_LENGTH) return null;
  if (NUMBER.test(value)) return plausible(Number(value) * 1_000);
  return fromDate(value, wallNowMs);
}

/**
 * Milliseconds until the limit that was hit resets, from the headers of this provider that tell resets; null where they do not say.
 *
 * A provider counts several things (requests, tokens, per minute, per day) and tells of all of them at once. Beside each reset stands
 * what remains, under the same name with "remaining" for "reset":
 * - where something remains 0, that was hit; of several the last to reset, since all must be free;
 * - a reset without a "remaining" may be the one: of those the first to reset, because too short a wait costs one more refusal
 *   (and then the rest grows), while too long a one may cost hours (Cerebras tells of a day's window beside a minute's);
 * - where something remains of everything, none of them was hit (it was concurrency, an upstream's limit, or a request larger than
 *   what remains), and their resets, which tell when they are full again, say nothing.
 */
export function readRateLimitReset(names: readonly string[], header: ReadHeader, wallNowMs: number): number | null {
  let hitMs: number | null = null;
  let maybeMs: number | null = null;
  for (const name of names) {
    const value = header(name);
    if (value === null) continue;
    const resetMs = parseReset(value, header(name.replace("reset", "renewalperiod")), wallNowMs);
    if (resetMs === null) continue;
    const remaining = readRemaining(header(name.replace("reset", "remaining")));
    if (remaining === null) maybeMs = Math.min(maybeMs ?? resetMs, resetMs);
    else if (remaining === 0) hitMs = Math.max(hitMs ?? resetMs, resetMs);
  }
  return hitMs ?? maybeMs;
}

/** null where it does not say: a negative count is Azure's word for "unknown" (https://github.com/openai/openai-dotnet/issues/838). */
function readRemaining(value: string | null): number | null {
  return value !== null && value.length <= MAX_LENGTH && NUMBER.test(value) ? Number(value) : null;
}

/**
 * One reset, in any of the ways providers write it: "6m0s", "2.5" (seconds), seconds or milliseconds since 1970, a date.
 * `renewalPeriod`: Azure's length of the window in seconds. It wrote resets in milliseconds once and writes seconds now, under one
 * name; a reset after the window's end is one of the former.
 */
function parseReset(value: string, renewalPeriod: string | null, wallNowMs: number): number | null {
  if (value.length > MAX_LENGTH) return null;
  if (NUMBER.test(value)) {
    const number = Number(value);
    if (number >= FIRST_EPOCH_MS) return plausible(number - wallNowMs);
    if (number >= FIRST_EPOCH_SECONDS) return plausible(number * 1_000 - wallNowMs);
    const period = readRemaining(renewalPeriod);
    return plausible(period !== null && number > period ? number : number * 1_000);
  }
  if (DURATION.test(value)) {
    let totalMs = 0;
    for (const [, amount, unit] of value.matchAll(DURATION_PART))
      totalMs += Number(amount) * (UNIT_MS[unit ?? ""] ?? 0);
    return plausible(totalMs);
  }
  return fromDate(value, wallNowMs);
}

function fromDate(value: string, wallNowMs: number): number | null {
  if (RFC3339_DATE.test(value) || HTTP_DATE.test(value)) return plausible(Date.parse(value) - wallNowMs);
  return ASCTIME_DATE.test(value) ? plausible(Date.parse(`${value} GMT`) - wallNowMs) : null;
}

/** What has passed is now; null for what no limit can mean, and for what is no number. */
function plausible(ms: number): number | null {
  return ms <= MAX_PLAUSIBLE_MS ? Math.max(0, ms) : null;
}
