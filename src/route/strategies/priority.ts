import { type Keep, keepLowest, type Score } from "./keep.ts";

/** The lowest `tier` that somebody is left of. Who is out was taken away before, so the next tier serves when the one before is out. */
export const keepFirstTier: Keep = (candidates, facts, context) => keepLowest(candidates, TIER, facts, context);

const TIER: Score = {
  name: "priority",
  of: (candidate) => candidate.deployment.tier,
  explain: (score) => `tier ${score}`,
};
