/**
 * What a routing decision costs, over 1,000 models with 20 deployments each: from the model's name to the deployment that is asked.
 * By hand: `node_modules/.bin/bun test/route/decision-bench.ts`
 */
import type { Deployment, ModelGroup, Provider, Snapshot } from "../../src/exchange.ts";
import type { StrategySettings } from "../../src/policy.ts";
import type { LiveDeployment } from "../../src/route/candidate.ts";
import { Course } from "../../src/route/course.ts";
import { findGroup } from "../../src/route/find-group.ts";
import type { Availability } from "../../src/route/move.ts";
import { RetryBudget } from "../../src/route/retry-budget.ts";
import { makeStrategy } from "../../src/route/strategies/make-strategy.ts";
import { makeDeployment, makeFacts, makeGroup, makeLive, makeProvider } from "./course-world.ts";

const MODELS = 1_000;
const ROUNDS = 200_000;

const PROVIDERS = Array.from({ length: 20 }, (_, index) => makeProvider(`p${index}`));
const READY: Availability = { kind: "ready" };
const OUT: Availability = { kind: "out", why: "breaker", untilMs: 1e9 };

type Case = {
  readonly name: string;
  readonly deployments: number;
  readonly strategy: readonly StrategySettings[];
  readonly isWildcard?: boolean;
  /** Every n-th deployment is out. */
  readonly outEvery?: number;
  readonly failures?: number;
};

const CASES: readonly Case[] = [
  { name: "one deployment", deployments: 1, strategy: [{ name: "simple-shuffle", by: "weight" }] },
  { name: "20, simple-shuffle", deployments: 20, strategy: [{ name: "simple-shuffle", by: "weight" }] },
  { name: "20, least-busy", deployments: 20, strategy: [{ name: "least-busy" }] },
  { name: "20, round-robin", deployments: 20, strategy: [{ name: "round-robin" }] },
  { name: "20, lowest-latency", deployments: 20, strategy: [{ name: "lowest-latency", buffer: 0.1 }] },
  {
    name: "20, tags > priority > least-busy",
    deployments: 20,
    strategy: [{ name: "tags", default: [], match: "any" }, { name: "priority" }, { name: "least-busy" }],
  },
  { name: "20, every third is out", deployments: 20, strategy: [{ name: "least-busy" }], outEvery: 3 },
  { name: "20, behind a wildcard", deployments: 20, strategy: [{ name: "least-busy" }], isWildcard: true },
  { name: "20, and two failures", deployments: 20, strategy: [{ name: "least-busy" }], failures: 2 },
];

for (const each of CASES) console.log(`${each.name.padEnd(36)} ${measure(each).toFixed(2)} µs`);

function measure({ deployments: count, strategy, isWildcard = false, outEvery = 0, failures = 0 }: Case): number {
  const models = new Map<string, ModelGroup>();
  const live = new Map<string, LiveDeployment>();
  const out = new Set<Deployment>();
  for (let number = 0; number < MODELS; number++) {
    const name = isWildcard ? `${"x".repeat(number % 40)}${number}/*` : `model-${number}`;
    const deployments = Array.from({ length: count }, (_, index) => {
      const deployment = makeDeployment(`${name}|${index}`, PROVIDERS[index] as Provider, { group: name });
      live.set(deployment.id, makeLive());
      if (outEvery > 0 && index % outEvery === 0) out.add(deployment);
      return deployment;
    });
    models.set(name, makeGroup(name, deployments, { strategy }));
  }
  const snapshot = { models, providers: new Map(), implicitGroups: new Map() } as unknown as Snapshot;
  const names = [...models.keys()].map((name) => name.replace("*", "llama"));
  const made = makeStrategy(strategy);
  const budget = new RetryBudget({ share: 1, minPerSecond: 1e6 }, 0);
  const facts = makeFacts();
  const world = {
    resolve: () => null,
    facts,
    strategyOf: () => made,
    liveOf: ({ id }: Deployment) => live.get(id) as LiveDeployment,
    availability: (deployment: Deployment) => (out.size > 0 && out.has(deployment) ? OUT : READY),
    budgetOf: () => budget,
    random: Math.random,
    trace: null,
    mayFallBack: true,
    deadlineMs: 1e12,
    preferredProvider: null,
    estimate: null,
  };
  const failure = { class: "server", retryAfterMs: null, hasOtherCredential: false } as const;
  let asked = 0;
  const run = (rounds: number): void => {
    for (let round = 0; round < rounds; round++) {
      const { group, rest } = findGroup(snapshot, names[(round * 7) % MODELS] as string);
      const course = new Course({ ...world, group, rest });
      let move = course.start(round, round);
      for (let failed = 0; failed < failures && move.kind !== "end"; failed++) {
        move = course.afterFailure(move.candidate, failure, round, round);
      }
      if (move.kind === "try") asked++;
    }
  };
  run(ROUNDS / 10);
  const startedMs = performance.now();
  run(ROUNDS);
  const perRoundUs = ((performance.now() - startedMs) * 1_000) / ROUNDS;
  if (asked !== ROUNDS + ROUNDS / 10) throw new Error(`expected every request to find somebody, got ${asked}`);
  return perRoundUs;
}
