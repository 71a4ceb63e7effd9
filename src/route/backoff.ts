import type { RetrySettings } from "../policy.ts";

/**
 * How long to wait before a deployment that failed is asked again; null: it is not worth the wait.
 *
 * Full jitter, a random time between nothing and base × 2^n, spreads callers that failed together better than any other
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). `floorMs`, what the provider or a breaker asked
 * for, comes before it: those who were told the same second must not all come back in it.
 *
 * `failures`: how often it has failed so far, 1 or more. `random`: 0 ≤ x < 1.
 */
export function backoffMs(
  settings: RetrySettings,
  failures: number,
  floorMs: number,
  random: () => number,
): number | null {
  if (floorMs > settings.maxRetryAfterMs) return null;
  return Math.ceil(Math.max(0, floorMs) + random() * longestBackoffMs(settings, failures));
}

/** The longest wait without a word of the provider's. */
export function longestBackoffMs({ backoff }: RetrySettings, failures: number): number {
  // 2^20 × 1 ms is a quarter of an hour: beyond it only the cap counts, and nothing overflows.
  const doublings = Math.min(Math.max(failures, 1) - 1, 20);
  return Math.min(backoff.maxMs, backoff.baseMs * 2 ** doublings);
}
