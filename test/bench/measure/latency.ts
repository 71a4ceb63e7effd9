import type { Bench, Lane } from "../bench.ts";
import { runRounds, runValidJob } from "../bench.ts";

const CONCURRENCIES = [1, 10] as const;
const WARMUP_MS = 200;

/** Latency a proxy adds: its own minus that of the mock called directly in the same round. */
export async function measureLatency(bench: Bench, lanes: readonly Lane[]): Promise<void> {
  const { plan, book } = bench;
  for (const concurrency of CONCURRENCIES) {
    /** Of the round under way, by transport. */
    const direct = new Map<string, { p50Ms: number; p99Ms: number }>();
    const measured: { lane: Lane; round: number; p50Ms: number; p99Ms: number }[] = [];
    await runRounds(bench, "latency", plan.latencyRounds, lanes, async (lane, round) => {
      const result = await runValidJob(bench, `latency at ${concurrency}`, lane.name, {
        ...lane.base,
        kind: "closed-loop",
        concurrency,
        warmupMs: WARMUP_MS,
        windowMs: plan.latencyWindowMs,
      });
      if (result === null) return;
      if (lane.isDirect) direct.set(`${lane.name} ${round}`, result);
      else measured.push({ lane, round, p50Ms: result.p50Ms, p99Ms: result.p99Ms });
    });
    for (const { lane, round, p50Ms, p99Ms } of measured) {
      const baseline = direct.get(`direct ${lane.name.split(" ")[1]} ${round}`);
      if (baseline === undefined) continue;
      const at = { lane: lane.name, round };
      book.add(`added p50 at ${concurrency}`, "ms", at, p50Ms - baseline.p50Ms);
      book.add(`added p99 at ${concurrency}`, "ms", at, p99Ms - baseline.p99Ms);
    }
    for (const [key, baseline] of direct) {
      const [name, transport, round] = key.split(" ");
      const at = { lane: `${name} ${transport}`, round: Number(round) };
      book.add(`added p50 at ${concurrency}: direct`, "ms", at, baseline.p50Ms);
      book.add(`added p99 at ${concurrency}: direct`, "ms", at, baseline.p99Ms);
    }
  }
}
