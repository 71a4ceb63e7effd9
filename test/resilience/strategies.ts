/** How each strategy is written in a config, with what its deployments need; the first deployment is asked first where that is certain. */
import type { Entry } from "./stage.ts";

export type StrategyCase = {
  readonly name: string;
  /** Fields of the model. */
  readonly model: Entry;
  /** Fields of the deployment at each place. */
  readonly deployment: (place: number) => Entry;
  /** Whether requests meet the deployments in the order of the list. */
  readonly isOrdered: boolean;
};

const plain = (name: string): StrategyCase => ({
  name,
  model: { strategy: name },
  deployment: () => ({}),
  isOrdered: false,
});

/** Those without settings, whose candidates are all equal: the whole fault list is run through each. */
export const SIMPLE_STRATEGIES: readonly StrategyCase[] = [
  { name: "priority", model: { strategy: "priority" }, deployment: (place) => ({ priority: place }), isOrdered: true },
  plain("simple-shuffle"),
  plain("round-robin"),
  plain("least-busy"),
];

/** The others, and one that nests. */
export const OTHER_STRATEGIES: readonly StrategyCase[] = [
  plain("lowest-latency"),
  {
    name: "lowest-cost",
    model: { strategy: "lowest-cost" },
    deployment: (place) => ({ price: { input: place + 1, output: place + 1 } }),
    isOrdered: true,
  },
  {
    name: "lowest-usage",
    model: { strategy: "lowest-usage" },
    deployment: () => ({ rpm: 100_000 }),
    isOrdered: false,
  },
  {
    name: "budget",
    model: { strategy: "budget" },
    deployment: () => ({ budget: { usd: 1_000_000, per: "24h" }, price: { input: 1, output: 1 } }),
    isOrdered: false,
  },
  {
    name: "tags",
    model: { strategy: { name: "tags", default: ["everybody"] } },
    deployment: () => ({ tags: ["everybody"] }),
    isOrdered: false,
  },
  {
    name: "conditional",
    model: { strategy: { name: "conditional", rules: [{ when: "true", use: { tags: ["everybody"] } }] } },
    deployment: () => ({ tags: ["everybody"] }),
    isOrdered: false,
  },
  {
    name: "affinity",
    model: { strategy: { name: "affinity", by: "user" } },
    deployment: () => ({}),
    isOrdered: false,
  },
  {
    name: "affinity over priority over least-busy",
    model: { strategy: [{ name: "affinity", by: "user" }, "priority", "least-busy"] },
    deployment: (place) => ({ priority: place }),
    isOrdered: false,
  },
];
