import type { HeaderLookup } from "../dialect.ts";

/** Nobody waits longer than a day; what says so is no duration. */
const MAX_SECONDS = 86_400;

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 };

/**
 * Seconds until a limit is reset: "1s", "6m0s", "120ms" (OpenAI, Groq: https://platform.openai.com/docs/guides/rate-limits), "2.5"
 * (Cerebras), a moment as seconds or milliseconds since 1970 (OpenRouter) or as a date. Null for anything else.
 */
export function readReset(text: string, nowMs: number): number | null {
  const plain = Number(text);
  if (text.trim() !== "" && Number.isFinite(plain)) {
    if (plain > 1e11) return bound((plain - nowMs) / 1_000);
    return bound(plain > 1e9 ? plain - nowMs / 1_000 : plain);
  }
  if (text.length > 40) return null;
  if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
    let seconds = 0;
    for (const [, amount = "", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
      seconds += Number(amount) * (UNITS[unit] ?? 0);
    }
    return bound(seconds);
  }
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? null : bound((moment - nowMs) / 1_000);
}

function bound(seconds: number): number | null {
  if (seconds > MAX_SECONDS) return null;
  return Math.max(0, Math.ceil(seconds * 1_000) / 1_000);
}

/** Pairs of headers: what is left of a limit, and when it is full again. */
const LIMITS = [
  ["x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
  ["x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
  ["x-ratelimit-remaining-requests-minute", "x-ratelimit-reset-requests-minute"],
  ["x-ratelimit-remaining-requests-day", "x-ratelimit-reset-requests-day"],
  ["x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute"],
  ["x-ratelimit-remaining", "x-ratelimit-reset"],
  ["ratelimit-remaining", "ratelimit-reset"],
] as const;

/** "Please try again in 1.2s" (OpenAI), "in 6m0s" (Groq), "retry after 20 seconds" (Azure). */
const IN_MESSAGE =
  /(?:try again in|retry (?:after|in)) ((?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+|\d+(?:\.\d+)?)(?: ?seconds?)?/i;

/**
 * When a provider may be asked again: what Retry-After says, else the message, else the reset of the limits that are used up (of
 * several the last; where none says so, nothing is known).
 */
export function readRetryAfter(header: HeaderLookup, message: string): number | null {
  const dated = Date.parse(header("date") ?? "");
  const nowMs = Number.isNaN(dated) ? Date.now() : dated;
  const milliseconds = Number(header("retry-after-ms") ?? "");
  if (milliseconds > 0) return bound(milliseconds / 1_000);
  const said = header("retry-after");
  const after = said === null ? null : readReset(said, nowMs);
  if (after !== null) return after;
  const found = IN_MESSAGE.exec(message)?.[1];
  const told = found === undefined ? null : readReset(found, nowMs);
  if (told !== null) return told;
  let longest: number | null = null;
  for (const [remaining, reset] of LIMITS) {
    if (!isUsedUp(header(remaining))) continue;
    const text = header(reset);
    const seconds = text === null ? null : readReset(text, nowMs);
    if (seconds !== null && (longest === null || seconds > longest)) longest = seconds;
  }
  return longest;
}

function isUsedUp(remaining: string | null): boolean {
  return remaining !== null && remaining.trim() !== "" && Number(remaining) <= 0;
}
