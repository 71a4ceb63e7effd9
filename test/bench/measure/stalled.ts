import type { Bench } from "../bench.ts";
import { listLanes, runValidJob, tryStartProxy } from "../bench.ts";
import { BYTES_PER_MB } from "./memory.ts";

const CALLERS = 200;
const BYTES_PER_STREAM = 20_000_000;
const RESUMED = 5;

/** Resident memory of a fresh process with 200 callers that do not read and a provider that never pauses. */
export async function measureStalled(bench: Bench): Promise<void> {
  const { plan, book } = bench;
  for (const subject of bench.subjects) {
    if (!bench.hasTime()) return bench.note("stalled: out of time before the end");
    const proxy = await tryStartProxy(bench, subject);
    if (proxy === null) continue;
    try {
      const lane = listLanes(bench, subject, proxy)[0];
      if (lane === undefined) continue;
      const result = await runValidJob(bench, "stalled callers", lane.name, {
        ...lane.base,
        kind: "stalled",
        callers: CALLERS,
        bytesPerStream: BYTES_PER_STREAM,
        windowMs: plan.stalledWindowMs,
        resumed: RESUMED,
      });
      if (result === null) continue;
      const at = { lane: lane.name, round: 0 };
      book.add("resident with 200 stalled callers, peak", "MB", at, result.peakResidentBytes / BYTES_PER_MB);
      book.add("resident with 200 stalled callers, at the end", "MB", at, result.lastResidentBytes / BYTES_PER_MB);
    } finally {
      await proxy.stop();
    }
  }
}
