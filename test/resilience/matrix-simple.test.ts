/** The whole fault list through every strategy that has no settings. */
import { FAULTS } from "./fault-list.ts";
import { describeMatrix } from "./matrix.ts";
import { SIMPLE_STRATEGIES } from "./strategies.ts";

for (const strategy of SIMPLE_STRATEGIES) describeMatrix(strategy, FAULTS);
