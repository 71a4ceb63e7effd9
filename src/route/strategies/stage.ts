import type { Candidate, Strategy, StrategyContext } from "../candidate.ts";
import type { Facts } from "../facts.ts";
import type { Keep } from "./keep.ts";

/** A strategy that leaves some candidates out, and lets another one choose among the rest. */
export class Stage implements Strategy {
  readonly #keep: Keep;
  readonly #inner: Strategy;

  constructor(keep: Keep, inner: Strategy) {
    this.#keep = keep;
    this.#inner = inner;
  }

  narrow(candidates: readonly Candidate[], facts: Facts, context: StrategyContext): readonly Candidate[] {
    const kept = this.#keep(candidates, facts, context);
    return kept.length === 0 ? kept : this.#inner.narrow(kept, facts, context);
  }

  pick(candidates: readonly Candidate[], facts: Facts, context: StrategyContext): Candidate | null {
    const kept = this.#keep(candidates, facts, context);
    return kept.length === 0 ? null : this.#inner.pick(kept, facts, context);
  }
}
