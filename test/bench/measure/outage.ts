import * as faults from "../../instruments/faults.ts";
import { answers, Fleet } from "../../instruments/fleet.ts";
import type { Bench } from "../bench.ts";
import { runValidJob } from "../bench.ts";
import { jobBase, OWN_LANE, withOwnGateway } from "./own-gateway.ts";

const RATE_PER_SECOND = 500;
const CONNECTIONS = 64;
const NAMES = ["a", "b", "c"] as const;
const NO_BREAKER = { consecutive: 10_000, failure_share: "100%", minimum: 10_000 };

/** Every provider down, callers that go on asking: attempts upstream per request, by the retry budget alone and with the defaults. */
export async function measureOutage(bench: Bench): Promise<void> {
  const { plan, book } = bench;
  for (const [name, model] of [
    ["retry budget alone", { breaker: NO_BREAKER }],
    ["defaults", {}],
  ] as const) {
    if (!bench.hasTime()) return bench.note("outage: out of time before the end");
    const fleet = new Fleet(NAMES);
    for (const member of fleet.members) member.behave(answers(faults.serverError));
    const deployments = NAMES.map((provider) => ({ provider, model: "bench" }));
    try {
      await withOwnGateway(
        { providers: fleet.providers(), models: { bench: { deployments, ...model } } },
        async (gateway) => {
          const result = await runValidJob(bench, `outage, ${name}`, OWN_LANE, {
            ...jobBase(bench, gateway),
            kind: "offered",
            ratePerSecond: RATE_PER_SECOND,
            connections: CONNECTIONS,
            scenario: { kind: "plain" },
            warmupMs: 0,
            windowMs: plan.outageMs,
          });
          if (result === null) return;
          const at = { lane: OWN_LANE, round: 0 };
          const title = `attempts per request with every provider down, ${name}`;
          book.add(title, "×", at, fleet.requests / result.offered);
          bench.note(
            `outage, ${name}: ${result.offered} requests, ${fleet.requests} attempts, ${sayCounts(result.byStatus)}`,
          );
        },
      );
    } finally {
      fleet.stop();
    }
  }
}

/** "500: 12, 503: 3". */
export function sayCounts(byStatus: Readonly<Record<string, number>>): string {
  return Object.entries(byStatus)
    .map(([status, count]) => `${status}: ${count}`)
    .join(", ");
}
