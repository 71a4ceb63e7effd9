import type { Candidate, Strategy, StrategyContext } from "../../../src/route/candidate.ts";
import type { Facts } from "../../../src/route/facts.ts";

/** Quantile of the normal distribution that a fair draw passes with a probability of 0.001. */
const Z_999 = 3.0902;

/** What chi-square stays below in 999 of 1,000 fair draws (Wilson and Hilferty's approximation, 1931). */
export function chiSquareBound(degreesOfFreedom: number): number {
  const spread = 2 / (9 * degreesOfFreedom);
  return degreesOfFreedom * (1 - spread + Z_999 * Math.sqrt(spread)) ** 3;
}

/** How far counts are from the expected shares, for `chiSquareBound(shares above 0, less 1)`. One that has no share must not occur: Infinity. */
export function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  let sum = 0;
  for (const [index, share] of shares.entries()) {
    const count = counts[index] ?? 0;
    const expected = (total * share) / whole;
    if (expected === 0) {
      if (count > 0) return Number.POSITIVE_INFINITY;
      continue;
    }
    sum += (count - expected) ** 2 / expected;
  }
  return sum;
}

/** How far the number of hits of a share may be from what is expected, in 998 of 1,000 fair runs. */
export function binomialBand(draws: number, share: number): number {
  return Z_999 * Math.sqrt(draws * share * (1 - share));
}

/** How often each candidate is picked. */
export function countPicks(
  strategy: Strategy,
  candidates: readonly Candidate[],
  options: { readonly draws: number; readonly facts: Facts; readonly context: StrategyContext },
): readonly number[] {
  const counts = candidates.map(() => 0);
  for (let draw = 0; draw < options.draws; draw++) {
    const picked = strategy.pick(candidates, options.facts, options.context);
    const index = candidates.indexOf(picked as Candidate);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}
