import type { Candidate, Strategy, StrategyContext } from "../candidate.ts";
import type { Facts } from "../facts.ts";
import { takeOnly } from "./simple-shuffle.ts";
import { drawByWeight, findUnit, sumWeights, weightOf, type WeightUnit } from "./weights.ts";

/**
 * Of two drawn by weight, the one with fewer requests in flight for its weight; the first one drawn where they are equal.
 *
 * Two random choices, not the minimum of all (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001; Envoy's
 * least request and finagle's P2C do the same): many gateways that all saw the same minimum would all go there at once. Two draws
 * are nearly as even, and an idle fleet gets its traffic in proportion to the weights.
 */
export class LeastBusy implements Strategy {
  /** Everybody: how busy one is changes from request to request, too fast for an affinity to follow. */
  narrow(candidates: readonly Candidate[]): readonly Candidate[] {
    return candidates;
  }

  pick(candidates: readonly Candidate[], _facts: Facts, context: StrategyContext): Candidate | null {
    if (candidates.length <= 1) return takeOnly(candidates, "least-busy", context);
    const { random } = context;
    const unit = findUnit(candidates, "weight");
    const total = sumWeights(candidates, unit);
    const firstIndex = drawByWeight(candidates, unit, total, -1, random);
    const first = candidates[firstIndex] as Candidate;
    const rest = total - weightOf(first.deployment, unit);
    const second = candidates[drawByWeight(candidates, unit, rest, firstIndex, random)];
    // Nobody else has a weight above 0.
    if (second === undefined) return tell(first, null, context);
    return loadOf(second, unit) < loadOf(first, unit) ? tell(second, first, context) : tell(first, second, context);
  }
}

function loadOf({ deployment, live }: Candidate, unit: WeightUnit): number {
  return live.inFlight / weightOf(deployment, unit);
}

function tell(chosen: Candidate, other: Candidate | null, context: StrategyContext): Candidate {
  const against = other === null ? "" : `, ${other.deployment.id} has ${other.live.inFlight}`;
  context.trace?.add({
    kind: "chosen",
    deployment: chosen.deployment.id,
    by: "least-busy",
    why: `${chosen.live.inFlight} in flight${against}`,
  });
  return chosen;
}
