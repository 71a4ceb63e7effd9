import type { Bench } from "../bench.ts";
import { tryStartProxy } from "../bench.ts";

/** Exec → first 200 of the readiness endpoint, the processes started in turn. */
export async function measureReady(bench: Bench): Promise<void> {
  for (let round = 0; round < bench.plan.readyRounds; round += 1) {
    if (!bench.hasTime()) return bench.note("ready: out of time before the end");
    for (const subject of bench.subjects) {
      const proxy = await tryStartProxy(bench, subject);
      if (proxy === null) continue;
      bench.book.add("exec to ready", "ms", { lane: `${subject.name} tcp`, round }, proxy.readyMs);
      await proxy.stop();
    }
  }
}
