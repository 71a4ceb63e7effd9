import type { Bench, Lane } from "../bench.ts";
import { runRounds, runValidJob } from "../bench.ts";

const STREAMS = 100;
/** 25 tokens a second; and few enough streams for a tick of the mock that a proxy wakes for one or two, not for a batch. */
const GAP_MS = 40;
const CHUNKS_PER_STREAM = 200;

/** CPU per SSE chunk: 100 streams of 25 chunks a second each. */
export async function measureChunks(bench: Bench, lanes: readonly Lane[]): Promise<void> {
  const { plan, book } = bench;
  await runRounds(bench, "chunks", plan.rounds, lanes, async (lane, round) => {
    const result = await runValidJob(bench, "cpu-per-chunk", lane.name, {
      ...lane.base,
      kind: "chunks",
      streams: Math.round(STREAMS * lane.loadShare),
      chunksPerStream: CHUNKS_PER_STREAM,
      controlPort: null,
      gapMs: GAP_MS,
      warmupMs: plan.warmupMs,
      windowMs: plan.windowMs,
    });
    if (result === null) return;
    const at = { lane: lane.name, round };
    book.add("cpu-per-chunk", "µs", at, result.cpuMicrosPerChunk);
    book.add("cpu-per-chunk: harness share", "core", at, result.shares.mock + result.shares.load);
    book.add("cpu-per-chunk: foreign share", "core", at, result.shares.foreign);
  });
}
