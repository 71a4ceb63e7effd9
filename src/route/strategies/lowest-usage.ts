import { type Keep, keepLowest, type Score } from "./keep.ts";

/**
 * The one of whose rpm and tpm the smallest share is used. One without limits has used none of them: 0. What is reserved at
 * admission counts at once, so a crowd that arrives together does not see the same minimum.
 */
export const keepLeastUsed: Keep = (candidates, facts, context) => keepLowest(candidates, USAGE, facts, context);

const USAGE: Score = {
  name: "lowest-usage",
  of: (candidate, _facts, context) => candidate.live.usedShare(context.nowMs) ?? 0,
  explain: (score) => `${(score * 100).toFixed(1)} % of its limits used`,
};
