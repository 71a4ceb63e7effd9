import type { Bench } from "../bench.ts";
import { listLanes, runValidJob, tryStartProxy } from "../bench.ts";
import { readResidentBytes } from "../proc.ts";

/** Decimal megabytes: the stricter reading of a limit in MB. */
export const BYTES_PER_MB = 1_000_000;
const IDLE_AFTER_MS = 1500;

/** Resident memory of a fresh process: idle, then with more and more open streams over TCP. */
export async function measureMemory(bench: Bench): Promise<void> {
  const { plan, book } = bench;
  for (const subject of bench.subjects) {
    if (!bench.hasTime()) return bench.note("memory: out of time before the end");
    const proxy = await tryStartProxy(bench, subject);
    if (proxy === null) continue;
    try {
      await Bun.sleep(IDLE_AFTER_MS);
      const lane = listLanes(bench, subject, proxy)[0];
      if (lane === undefined) continue;
      const at = { lane: lane.name, round: 0 };
      book.add("resident idle", "MB", at, readResidentBytes([proxy.pid]) / BYTES_PER_MB);
      const steps = plan.streamSteps.filter((step) => step <= subject.maxStreams);
      const result = await runValidJob(bench, "open streams", lane.name, {
        ...lane.base,
        kind: "open-streams",
        steps,
        gapMs: plan.streamGapMs,
        settleMs: plan.streamSettleMs,
      });
      for (const { streams, residentBytes } of result?.steps ?? []) {
        book.add(`resident at ${streams} streams`, "MB", at, residentBytes / BYTES_PER_MB);
      }
    } finally {
      await proxy.stop();
    }
  }
}
