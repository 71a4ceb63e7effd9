import type { Candidate, Strategy, StrategyContext } from "../candidate.ts";
import type { Facts } from "../facts.ts";
import { takeOnly } from "./simple-shuffle.ts";
import { findUnit, sumWeights, weightOf } from "./weights.ts";

/**
 * One after the other, in proportion to the weights and evenly mixed: of weights 5, 1, 1 come a a b a c a a, never five a in a row.
 * This is nginx's smooth weighted round robin (its commit 52327e0627f4, "Upstream: smooth weighted round-robin balancing"): each
 * choice adds its weight to every candidate's credit, takes the one with the most, and takes the sum of all weights off it.
 *
 * Credits stay between minus and plus that sum by themselves while neither the weights nor the candidates change. They are held there
 * where they do, so that what was owed at other weights is forgotten within one round.
 */
export class RoundRobin implements Strategy {
  /** Everybody: each has its turn. */
  narrow(candidates: readonly Candidate[]): readonly Candidate[] {
    return candidates;
  }

  pick(candidates: readonly Candidate[], _facts: Facts, context: StrategyContext): Candidate | null {
    if (candidates.length <= 1) return takeOnly(candidates, "round-robin", context);
    const unit = findUnit(candidates, "weight");
    const total = sumWeights(candidates, unit);
    let best: Candidate | null = null;
    for (const candidate of candidates) {
      const weight = weightOf(candidate.deployment, unit);
      if (weight <= 0) continue;
      const { live } = candidate;
      live.roundRobinCredit = Math.max(-total, Math.min(total, live.roundRobinCredit)) + weight;
      if (best === null || live.roundRobinCredit > best.live.roundRobinCredit) best = candidate;
    }
    if (best === null) return null; // not reached: findUnit gives a unit in which somebody has a weight
    best.live.roundRobinCredit -= total;
    context.trace?.add({
      kind: "chosen",
      deployment: best.deployment.id,
      by: "round-robin",
      why: `its turn, weight ${weightOf(best.deployment, unit)} of ${total}`,
    });
    return best;
  }
}
