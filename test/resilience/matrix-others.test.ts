/** Faults of every phase through the strategies that read prices, tags, usage or the request. */
import { FAULTS, PHASES } from "./fault-list.ts";
import { describeMatrix } from "./matrix.ts";
import { OTHER_STRATEGIES } from "./strategies.ts";

/** Two of each phase: what a fault does to an attempt is the same for all, which deployments are left is the strategy's. */
const SAMPLE = PHASES.flatMap((phase) => {
  const [first, , , fourth] = FAULTS.filter((fault) => fault.phase === phase);
  return [first, fourth].filter((fault) => fault !== undefined);
});

for (const strategy of OTHER_STRATEGIES) describeMatrix(strategy, SAMPLE);
