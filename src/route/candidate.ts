import type { Deployment } from "../exchange.ts";
import type { Facts } from "./facts.ts";
import type { Trace } from "./trace.ts";

/** What is known at this moment of a deployment; strategies read it, others keep it up to date. */
export interface LiveDeployment {
  /** Requests it is working on for us. */
  readonly inFlight: number;
  /** Moving average of the time to first byte of successful answers, ms; null while nothing is known. */
  readonly firstByteMs: number | null;
  /** Moving average of output tokens per second; null while nothing is known. */
  readonly tokensPerSecond: number | null;
  /** The larger of the shares of its rpm and tpm that are used (0 to 1 and beyond); null where it has neither. */
  usedShare(nowMs: number): number | null;
  /** Whether it, or its provider, has spent its budget. */
  isOverBudget(wallNowMs: number): boolean;
  /** Kept by `round-robin`. */
  roundRobinCredit: number;
}

/** A deployment that may serve a request, with the model's name there (`*` filled in). */
export type Candidate = {
  readonly deployment: Deployment;
  readonly upstreamModel: string;
  readonly live: LiveDeployment;
};

/** What a strategy may ask of the world. */
export type StrategyContext = {
  readonly nowMs: number;
  readonly wallNowMs: number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Where a decision is to be told; null where nobody asks. */
  readonly trace: Trace | null;
};

/**
 * One way to choose among the deployments of a model. Strategies nest: an outer one narrows what the inner one picks from.
 * Both methods get at least one candidate and give at least one; neither changes the list it is given.
 */
export interface Strategy {
  /** Those among which it would still choose freely; the others are worse or not to be used. Nobody is narrowed away to nothing: where no candidate fits, all stay, unless the strategy is a rule (`tags`, `conditional`, `budget`), which then gives an empty list. */
  narrow(candidates: readonly Candidate[], facts: Facts, context: StrategyContext): readonly Candidate[];
  /** The one to try next; null only where a rule leaves nobody. */
  pick(candidates: readonly Candidate[], facts: Facts, context: StrategyContext): Candidate | null;
}
