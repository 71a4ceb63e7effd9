import type { Candidate, StrategyContext } from "../candidate.ts";
import type { Facts } from "../facts.ts";

/** Leaves out the candidates that a strategy would not use. The list it was given comes back, not a copy, where all of them stay. */
export type Keep = (candidates: readonly Candidate[], facts: Facts, context: StrategyContext) => readonly Candidate[];

/** Whom a rule keeps; it may leave nobody. */
export interface Rule {
  readonly name: string;
  fits(candidate: Candidate, facts: Facts, context: StrategyContext): boolean;
  /** Why this one does not fit; asked only where somebody listens. */
  explain(candidate: Candidate, facts: Facts): string;
}

/** The candidates that fit a rule. */
export function keepFitting(
  candidates: readonly Candidate[],
  rule: Rule,
  facts: Facts,
  context: StrategyContext,
): readonly Candidate[] {
  let kept: Candidate[] | null = null;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    if (rule.fits(candidate, facts, context)) {
      kept?.push(candidate);
      continue;
    }
    kept ??= candidates.slice(0, index);
    context.trace?.add({
      kind: "left-out",
      deployment: candidate.deployment.id,
      by: rule.name,
      why: rule.explain(candidate, facts),
    });
  }
  return kept ?? candidates;
}

/** What a candidate is judged by: the less, the better; Infinity: nobody knows, so it comes last. */
export interface Score {
  readonly name: string;
  of(candidate: Candidate, facts: Facts, context: StrategyContext): number;
  /** The score in words. */
  explain(score: number): string;
}

/** The candidates with the lowest score, all that are equal; never nobody. */
export function keepLowest(
  candidates: readonly Candidate[],
  score: Score,
  facts: Facts,
  context: StrategyContext,
): readonly Candidate[] {
  const first = candidates[0];
  if (first === undefined || candidates.length === 1) return candidates;
  let lowest = score.of(first, facts, context);
  let kept: Candidate[] | null = null;
  for (let index = 1; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    const own = score.of(candidate, facts, context);
    if (own === lowest) {
      kept?.push(candidate);
    } else if (own < lowest) {
      lowest = own;
      kept = [candidate];
    } else {
      kept ??= candidates.slice(0, index);
    }
  }
  if (kept === null) return candidates;
  if (context.trace !== null) tellHigher(candidates, lowest, score, facts, context);
  return kept;
}

function tellHigher(
  candidates: readonly Candidate[],
  lowest: number,
  score: Score,
  facts: Facts,
  context: StrategyContext,
): void {
  for (const candidate of candidates) {
    const own = score.of(candidate, facts, context);
    if (own === lowest) continue;
    const why = `${score.explain(own)}, the lowest is ${score.explain(lowest)}`;
    context.trace?.add({ kind: "left-out", deployment: candidate.deployment.id, by: score.name, why });
  }
}
