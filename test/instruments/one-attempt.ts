/**
 * Settings for tests of one attempt: those that count what reached the provider, or make a single deployment fail on purpose and
 * often. With the product's defaults a failure is tried again, and the deployment would soon be out by its breaker or a cool-down,
 * so the next test would be answered by that instead. What retries, breakers and cool-downs do is proven in `test/resilience/`.
 */
export const ONE_ATTEMPT = {
  retries: 0,
  breaker: { consecutive: 10_000, failure_share: "100%", minimum: 10_000 },
  // A refused credential and a 429 are remembered all the same: the one deployment there is must be asked nevertheless.
  when_all_out: "least-bad",
} as const;

/** The same as the YAML of a `defaults` section (JSON is YAML), with further settings beside it. */
export function writeDefaults(more: Readonly<Record<string, unknown>> = {}): string {
  return `defaults: ${JSON.stringify({ ...ONE_ATTEMPT, ...more })}\n`;
}
