import type { ReservedShares } from "../policy.ts";

/** What a bulkhead bounds. */
export type BulkheadLimits = {
  /** null: no limit, but what is in flight is still counted. */
  readonly maxConcurrent: number | null;
  /** Estimated tokens of all requests in flight; null: no limit. */
  readonly maxTokens: number | null;
  /** Places over all classes. null: nobody waits, full is full. */
  readonly queue: { readonly size: number; readonly timeoutMs: number } | null;
  /** null: every class may take every slot. */
  readonly reserved: ReservedShares | null;
};

/** Whether a bulkhead with these limits would refuse nobody, so that it need not be asked. */
export function isUnlimited(limits: Pick<BulkheadLimits, "maxConcurrent" | "maxTokens">): boolean {
  return limits.maxConcurrent === null && limits.maxTokens === null;
}

/** Throws a RangeError that says what was expected and what came. */
export function checkLimits({ maxConcurrent, maxTokens, queue, reserved }: BulkheadLimits): void {
  if (maxConcurrent !== null && !(Number.isInteger(maxConcurrent) && maxConcurrent > 0)) {
    throw new RangeError(`maxConcurrent should be a positive integer or null, got ${maxConcurrent}`);
  }
  if (maxTokens !== null && !(Number.isInteger(maxTokens) && maxTokens > 0)) {
    throw new RangeError(`maxTokens should be a positive integer or null, got ${maxTokens}`);
  }
  if (queue !== null && !(Number.isInteger(queue.size) && queue.size >= 0)) {
    throw new RangeError(`queue.size should be a whole number, 0 or more, got ${queue.size}`);
  }
  if (queue !== null && !(Number.isFinite(queue.timeoutMs) && queue.timeoutMs >= 0)) {
    throw new RangeError(`queue.timeoutMs should be a finite number, 0 or more, got ${queue.timeoutMs}`);
  }
  if (reserved === null) return;
  for (const name of ["high", "normal"] as const) {
    const share = reserved[name];
    if (!(share >= 0 && share <= 1))
      throw new RangeError(`reserved.${name} should be a share from 0 to 1, got ${share}`);
  }
}

/** How many slots which classes may hold together. Each bound lies within the one before: who has no slot left, neither has one below. */
export type DividedSlots = {
  readonly forAll: number;
  /** Normal and low together. */
  readonly belowHigh: number;
  readonly forLow: number;
};

/**
 * Reserved shares as bounds: of N slots, floor(N × high) are for class high alone, floor(N × normal) for normal and high. Rounded
 * down, and every class may hold one slot at least: a limit of 1 or 2 works for every class, and reserves nothing where that would
 * lock one out. `throttle`: a bound beside the config's.
 */
export function divideSlots({ maxConcurrent, reserved }: BulkheadLimits, throttle: number): DividedSlots {
  const forAll = Math.min(maxConcurrent ?? Number.POSITIVE_INFINITY, throttle);
  if (reserved === null || forAll === Number.POSITIVE_INFINITY) return { forAll, belowHigh: forAll, forLow: forAll };
  // The small addend: 0.29 × 100 is a little less than 29.
  const forHigh = Math.floor(forAll * reserved.high + 1e-9);
  const forNormal = Math.floor(forAll * reserved.normal + 1e-9);
  return { forAll, belowHigh: Math.max(1, forAll - forHigh), forLow: Math.max(1, forAll - forHigh - forNormal) };
}
