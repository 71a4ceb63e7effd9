import type { Bench, Lane } from "../bench.ts";
import { runValidJob } from "../bench.ts";

const STREAMS = 20;
const GAP_MS = 10;
const CHUNKS_PER_STREAM = 20;

/** Some traffic of both kinds for every lane, not measured: runtimes that compile as they go have then done so. */
export async function warmUp(bench: Bench, lanes: readonly Lane[]): Promise<void> {
  const usual = { warmupMs: 0, windowMs: bench.plan.firstTrafficMs } as const;
  for (const { base, name } of lanes) {
    await runValidJob(bench, "warm-up", name, { ...base, ...usual, kind: "closed-loop", concurrency: 10 });
  }
  await warmUpStreams(bench, lanes);
}

/** The same with streams alone. */
export async function warmUpStreams(bench: Bench, lanes: readonly Lane[]): Promise<void> {
  const usual = { warmupMs: 0, windowMs: bench.plan.firstTrafficMs } as const;
  for (const { base, name } of lanes) {
    await runValidJob(bench, "warm-up", name, {
      ...base,
      ...usual,
      kind: "chunks",
      streams: STREAMS,
      chunksPerStream: CHUNKS_PER_STREAM,
      controlPort: null,
      gapMs: GAP_MS,
    });
  }
}
