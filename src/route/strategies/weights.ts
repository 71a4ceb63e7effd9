import type { Deployment } from "../../exchange.ts";
import type { Candidate } from "../candidate.ts";

/** In what the shares of some deployments are told; "even": they all have the same. */
export type WeightUnit = "weight" | "rpm" | "tpm" | "even";

/**
 * The unit in which these candidates can be compared. The one asked for, where every candidate has it: a number of requests beside
 * a bare 1 would starve whoever has no limit. Otherwise the weights (1 where none is given); and where nobody gives a weight, the
 * rpm or tpm that all of them have.
 */
export function findUnit(candidates: readonly Candidate[], by: "weight" | "rpm" | "tpm"): WeightUnit {
  let hasWeights = false;
  let hasPositive = false;
  let haveRpm = true;
  let haveTpm = true;
  for (const { deployment } of candidates) {
    const { weight, limits } = deployment;
    if (weight !== null) hasWeights = true;
    if (weight === null || weight > 0) hasPositive = true;
    if (limits.rpm === null || limits.rpm <= 0) haveRpm = false;
    if (limits.tpm === null || limits.tpm <= 0) haveTpm = false;
  }
  if (by === "rpm" && haveRpm) return "rpm";
  if (by === "tpm" && haveTpm) return "tpm";
  if (hasWeights) return hasPositive ? "weight" : "even";
  if (haveRpm) return "rpm";
  return haveTpm ? "tpm" : "even";
}

/** A deployment's weight in a unit that `findUnit` gave. */
export function weightOf(deployment: Deployment, unit: WeightUnit): number {
  switch (unit) {
    case "weight":
      return deployment.weight ?? 1;
    case "rpm":
      return deployment.limits.rpm ?? 1;
    case "tpm":
      return deployment.limits.tpm ?? 1;
    case "even":
      return 1;
  }
  return unit satisfies never;
}

export function sumWeights(candidates: readonly Candidate[], unit: WeightUnit): number {
  let total = 0;
  for (const { deployment } of candidates) total += weightOf(deployment, unit);
  return total;
}

/**
 * Draws the place of a candidate by weight; `total`: the sum of the weights. The one at `except` (-1: none) is not drawn, and its
 * weight is not part of `total`. -1 where nobody else has a weight above 0.
 */
export function drawByWeight(
  candidates: readonly Candidate[],
  unit: WeightUnit,
  total: number,
  except: number,
  random: () => number,
): number {
  let left = random() * total;
  let last = -1;
  for (let index = 0; index < candidates.length; index++) {
    if (index === except) continue;
    const weight = weightOf((candidates[index] as Candidate).deployment, unit);
    if (weight <= 0) continue;
    left -= weight;
    if (left < 0) return index;
    last = index; // what rounding leaves over falls to the last one
  }
  return last;
}
