import type { Bench, Lane } from "../bench.ts";
import { runRounds, runValidJob } from "../bench.ts";
import type { AbortPhase } from "../jobs.ts";

const PHASES = ["waiting", "streaming"] as const satisfies readonly AbortPhase[];
const CONCURRENCY = 4;

/** Caller gone → the provider sees its connection close, while it waits for headers and in mid-stream. */
export async function measureAborts(bench: Bench, lanes: readonly Lane[]): Promise<void> {
  const { plan, book } = bench;
  for (const phase of PHASES) {
    await runRounds(bench, "aborts", 1, lanes, async (lane, round) => {
      const result = await runValidJob(bench, `abort ${phase}`, lane.name, {
        ...lane.base,
        kind: "aborts",
        phase,
        count: Math.max(20, Math.round(plan.aborts * Math.sqrt(lane.loadShare))),
        concurrency: CONCURRENCY,
        controlPort: bench.mock.controlPort,
      });
      if (result === null) return;
      const at = { lane: lane.name, round };
      if (result.unclosed > 0) {
        bench.note(
          `${lane.name}, abort ${phase}: ${result.unclosed} of ${result.samples} upstreams were open after 2 s`,
        );
      }
      book.add(`abort ${phase} p50`, "ms", at, result.p50Ms);
      book.add(`abort ${phase} p99`, "ms", at, result.p99Ms);
    });
  }
}
