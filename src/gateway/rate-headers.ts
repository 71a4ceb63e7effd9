/** What a caller is told of its limits: in every answer how much is left, and in a refusal which one it hit. */
import type { RateBucket } from "../admission/rate-bucket.ts";
import type { RateScope, Refusal } from "../admission/rate-limits.ts";
import { GatewayError } from "../errors.ts";

const KINDS = ["requests", "tokens"] as const;
type Kind = (typeof KINDS)[number];

/**
 * Header lines, each with its CRLF, of the tightest limit of each kind; "" where nothing is limited. In the form of the API that the
 * caller speaks: OpenAI's `x-ratelimit-*` with durations (https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers),
 * or Anthropic's `anthropic-ratelimit-*` with moments (https://docs.anthropic.com/en/api/rate-limits#response-headers).
 */
export function rateHeaderLines(
  dialect: string,
  scopes: readonly RateScope[],
  nowMs: number,
  wallNowMs: number,
): string {
  let lines = "";
  for (const kind of KINDS) {
    const bucket = tightest(scopes, kind, nowMs);
    if (bucket === null) continue;
    const limit = Math.floor(bucket.perMinute);
    // What rounding took is there; what is not whole is not.
    const remaining = Math.max(0, Math.min(limit, Math.floor(bucket.remaining(nowMs) + 1e-6)));
    const resetMs = bucket.resetMs(nowMs);
    lines +=
      dialect === "anthropic-messages"
        ? `anthropic-ratelimit-${kind}-limit: ${limit}\r\n` +
          `anthropic-ratelimit-${kind}-remaining: ${remaining}\r\n` +
          `anthropic-ratelimit-${kind}-reset: ${writeMoment(wallNowMs + resetMs)}\r\n`
        : `x-ratelimit-limit-${kind}: ${limit}\r\n` +
          `x-ratelimit-remaining-${kind}: ${remaining}\r\n` +
          `x-ratelimit-reset-${kind}: ${writeDuration(resetMs)}\r\n`;
  }
  return lines;
}

/** The refusal of a request, which names the limit that it hit. */
export function refusalError({ scope, name, limit, perMinute, retryAfterMs }: Refusal): GatewayError {
  const whose = scope === "gateway" ? "this gateway" : `the ${scope} ${name}`;
  const what = limit === "requests" ? "requests per min (RPM)" : "tokens per min (TPM)";
  const message = `Rate limit reached for ${whose} on ${what}: limit ${perMinute}. Please try again in ${writeDuration(retryAfterMs)}.`;
  return new GatewayError("rate_limited", message, {
    retryAfterSeconds: retryAfterMs / 1_000,
    detail: "rate_limit_exceeded",
  });
}

/** The one with the least share left. */
function tightest(scopes: readonly RateScope[], kind: Kind, nowMs: number): RateBucket | null {
  let found: RateBucket | null = null;
  let mostUsed = Number.NEGATIVE_INFINITY;
  for (const scope of scopes) {
    const bucket = scope[kind];
    const used = bucket?.usedShare(nowMs) ?? Number.NEGATIVE_INFINITY;
    // Of equals the smaller: it will be the tighter one.
    if (bucket === null || used < mostUsed) continue;
    if (used === mostUsed && found !== null && found.perMinute <= bucket.perMinute) continue;
    found = bucket;
    mostUsed = used;
  }
  return found;
}

/** Go's form of a duration, as OpenAI writes it: "0s", "120ms", "1.5s", "6m0s", "1h0m3s". */
function writeDuration(durationMs: number): string {
  const ms = Math.ceil(durationMs);
  if (ms > 0 && ms < 1_000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = `${(ms % 60_000) / 1_000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** RFC 3339, whole seconds, never before the moment itself. */
function writeMoment(wallMs: number): string {
  return `${new Date(Math.ceil(wallMs / 1_000) * 1_000).toISOString().slice(0, 19)}Z`;
}
