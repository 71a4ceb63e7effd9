import { type Keep, keepFitting, type Rule } from "./keep.ts";

/** A rule: those that have not spent their own budget or their provider's. Nobody where all have: then nothing is spent. */
export const keepWithinBudget: Keep = (candidates, facts, context) => keepFitting(candidates, BUDGET, facts, context);

const BUDGET: Rule = {
  name: "budget",
  fits: (candidate, _facts, context) => !candidate.live.isOverBudget(context.wallNowMs),
  explain: () => "over its budget",
};
