import type { Candidate } from "../candidate.ts";
import type { Facts } from "../facts.ts";
import { type Keep, keepLowest, type Score } from "./keep.ts";

/** The cheapest for this request: price × estimated tokens. An unknown price comes last, never as zero; equals stay together. */
export const keepCheapest: Keep = (candidates, facts, context) => keepLowest(candidates, COST, facts, context);

const COST: Score = {
  name: "lowest-cost",
  of: (candidate: Candidate, facts: Facts): number => {
    const { price } = candidate.deployment;
    if (price === null) return Number.POSITIVE_INFINITY;
    const { inputTokens, outputTokens } = facts;
    // No body to estimate from: as many tokens in as out, or every price would come to zero.
    if (inputTokens <= 0 && outputTokens <= 0) return price.input + price.output;
    return price.input * inputTokens + price.output * outputTokens;
  },
  explain: (score) => (score === Number.POSITIVE_INFINITY ? "no price known" : `$${(score / 1e6).toPrecision(3)}`),
};
