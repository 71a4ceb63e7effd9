import { UsageError } from "./command.ts";

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const MAX_DURATION_MS = 24 * 3_600_000;

/** Milliseconds of a flag's duration ("250ms", "5s", "2m"), spelled as in the config; throws UsageError. */
export function readDurationMs(flag: string, text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  const ms = Number(match?.[1]) * (MS_PER_UNIT[match?.[2] ?? ""] ?? Number.NaN);
  if (!(ms > 0 && ms <= MAX_DURATION_MS)) {
    throw new UsageError(
      `--${flag} should be a duration from 1ms to 24h, as in 500ms, 5s or 2m, got ${JSON.stringify(text)}`,
    );
  }
  return ms;
}
