import type { Bench, Lane } from "../bench.ts";
import { runRounds, runValidJob } from "../bench.ts";

const CONCURRENCY = 64;
const WARMUP_MS = 500;

/**
 * Requests per second with the proxy's core full. Where the harness is the limit instead, the proxy's share of its
 * core says so, and requests per second of its CPU time is the figure to compare.
 */
export async function measureSaturation(bench: Bench, lanes: readonly Lane[]): Promise<void> {
  const { plan, book } = bench;
  await runRounds(bench, "saturation", plan.saturationRounds, lanes, async (lane, round) => {
    const result = await runValidJob(bench, "saturated", lane.name, {
      ...lane.base,
      kind: "closed-loop",
      concurrency: CONCURRENCY,
      warmupMs: WARMUP_MS,
      windowMs: plan.saturationWindowMs,
    });
    if (result === null) return;
    const at = { lane: lane.name, round };
    book.add("saturated", "requests/s", at, result.requestsPerSecond);
    if (!lane.isDirect) {
      book.add("saturated: proxy share", "core", at, result.shares.proxy);
      book.add("saturated per CPU second", "requests/s", at, result.requestsPerSecond / result.shares.proxy);
    }
    book.add("saturated: harness share", "core", at, result.shares.mock + result.shares.load);
  });
}
