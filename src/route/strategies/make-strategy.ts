import type { StrategySettings } from "../../policy.ts";
import type { Strategy } from "../candidate.ts";
import { Affinity } from "./affinity.ts";
import { keepWithinBudget } from "./budget.ts";
import { keepByRules } from "./conditional.ts";
import { LeastBusy } from "./least-busy.ts";
import { keepCheapest } from "./lowest-cost.ts";
import { LowestLatency } from "./lowest-latency.ts";
import { keepLeastUsed } from "./lowest-usage.ts";
import { keepFirstTier } from "./priority.ts";
import { RoundRobin } from "./round-robin.ts";
import { SimpleShuffle } from "./simple-shuffle.ts";
import { Stage } from "./stage.ts";
import { keepTagged } from "./tags.ts";

type StrategyName = StrategySettings["name"];

/** Whether a strategy chooses among all it is given, or leaves some out and hands the rest to the next one. */
const ROLES = {
  "simple-shuffle": "picks",
  "round-robin": "picks",
  "least-busy": "picks",
  "lowest-latency": "narrows",
  "lowest-cost": "narrows",
  "lowest-usage": "narrows",
  budget: "narrows",
  tags: "narrows",
  conditional: "narrows",
  affinity: "narrows",
  priority: "narrows",
} as const satisfies Record<StrategyName, "picks" | "narrows">;

/** All that a config may name in `strategy:`. */
export const STRATEGY_NAMES = Object.keys(ROLES) as readonly StrategyName[];

/** Those that choose freely: another strategy behind one of them would never be asked, so the config should refuse that. */
export const PICKING_STRATEGIES: readonly StrategyName[] = STRATEGY_NAMES.filter((name) => ROLES[name] === "picks");

const BY_CHANCE = new SimpleShuffle("weight");

/**
 * Builds the strategies of a model group, once per config. The outermost comes first, the last one picks; behind one that only narrows
 * (`tags` alone, say) the weighted shuffle picks. One that picks freely leaves nobody out, so before another one it changes nothing.
 * What strategies remember is in the candidates' `live`, so a reload loses nothing.
 */
export function makeStrategy(settings: readonly StrategySettings[]): Strategy {
  let strategy: Strategy | null = null;
  for (let index = settings.length - 1; index >= 0; index--) {
    strategy = wrap(settings[index] as StrategySettings, strategy);
  }
  return strategy ?? BY_CHANCE;
}

function wrap(settings: StrategySettings, next: Strategy | null): Strategy {
  const inner = next ?? BY_CHANCE;
  switch (settings.name) {
    case "simple-shuffle":
      return next ?? new SimpleShuffle(settings.by);
    case "round-robin":
      return next ?? new RoundRobin();
    case "least-busy":
      return next ?? new LeastBusy();
    case "lowest-latency":
      return new LowestLatency(settings.buffer, inner);
    case "lowest-cost":
      return new Stage(keepCheapest, inner);
    case "lowest-usage":
      return new Stage(keepLeastUsed, inner);
    case "budget":
      return new Stage(keepWithinBudget, inner);
    case "tags":
      return new Stage(keepTagged(settings), inner);
    case "conditional":
      return new Stage(keepByRules(settings.rules), inner);
    case "affinity":
      return new Affinity(settings.by, inner);
    case "priority":
      return new Stage(keepFirstTier, inner);
  }
  return settings satisfies never;
}
