import type { Bench, Lane } from "../bench.ts";
import { runRounds, runValidJob } from "../bench.ts";

const RATE_PER_SECOND = 1200;
const CONNECTIONS = 32;

/** CPU per non-stream request at a fixed rate. */
export async function measureRequests(bench: Bench, lanes: readonly Lane[]): Promise<void> {
  const { plan, book } = bench;
  await runRounds(bench, "requests", plan.rounds, lanes, async (lane, round) => {
    const result = await runValidJob(bench, "cpu-per-request", lane.name, {
      ...lane.base,
      kind: "requests",
      ratePerSecond: Math.round(RATE_PER_SECOND * lane.loadShare),
      connections: CONNECTIONS,
      warmupMs: plan.warmupMs,
      windowMs: plan.windowMs,
    });
    if (result === null) return;
    const at = { lane: lane.name, round };
    book.add("cpu-per-request", "µs", at, result.cpuMicrosPerRequest);
    book.add("cpu-per-request: harness share", "core", at, result.shares.mock + result.shares.load);
    book.add("cpu-per-request: foreign share", "core", at, result.shares.foreign);
  });
}
