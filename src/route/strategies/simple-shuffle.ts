import type { Candidate, Strategy, StrategyContext } from "../candidate.ts";
import type { Facts } from "../facts.ts";
import { drawByWeight, findUnit, sumWeights, weightOf } from "./weights.ts";

/**
 * Each request by chance, in proportion to the deployments' weights, or to their rpm or tpm. It keeps nothing in mind, so many
 * gateways that know nothing of each other spread their traffic as one would. What `weights.ts` says of mixed units holds.
 */
export class SimpleShuffle implements Strategy {
  readonly #by: "weight" | "rpm" | "tpm";

  constructor(by: "weight" | "rpm" | "tpm") {
    this.#by = by;
  }

  /** Everybody: it would take any of them. */
  narrow(candidates: readonly Candidate[]): readonly Candidate[] {
    return candidates;
  }

  pick(candidates: readonly Candidate[], _facts: Facts, context: StrategyContext): Candidate | null {
    if (candidates.length <= 1) return takeOnly(candidates, "simple-shuffle", context);
    const unit = findUnit(candidates, this.#by);
    const total = sumWeights(candidates, unit);
    const chosen = candidates[drawByWeight(candidates, unit, total, -1, context.random)] as Candidate;
    context.trace?.add({
      kind: "chosen",
      deployment: chosen.deployment.id,
      by: "simple-shuffle",
      why: unit === "even" ? `1 of ${total}, by chance` : `${unit} ${weightOf(chosen.deployment, unit)} of ${total}`,
    });
    return chosen;
  }
}

/** The one candidate there is, or null, without any thought. */
export function takeOnly(candidates: readonly Candidate[], by: string, context: StrategyContext): Candidate | null {
  const only = candidates[0];
  if (only === undefined) return null;
  context.trace?.add({ kind: "chosen", deployment: only.deployment.id, by, why: "the only one" });
  return only;
}
