/** JavaScript's dates reach as far: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const MAX_SECONDS = 8.64e12;

/** Seconds since 1970, as an API counts them; null for what is no time. */
export function readUnixTime(value: unknown): number | null {
  return typeof value === "number" && Math.abs(value) <= MAX_SECONDS ? value : null;
}
