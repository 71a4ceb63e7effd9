import { listLanes, runRounds, runValidJob, tryStartProxy } from "../bench.ts";
import type { Bench, Lane } from "../bench.ts";
import type { RunningProxy } from "../proxy-process.ts";
import { llmuxRouted } from "../subjects/llmux.ts";
import { warmUp } from "./warm-up.ts";

const RATE_PER_SECOND = 1200;
const CONNECTIONS = 32;
const MEASURE = "cpu-per-request routed";

/**
 * CPU per request with everything of routing and admission on, beside the same build with one deployment and no limits, and beside the
 * other build where there is one (`--against`).
 */
export async function measureRouting(bench: Bench): Promise<void> {
  const { plan, book } = bench;
  const proxies: RunningProxy[] = [];
  try {
    const lanes: Lane[] = [];
    const isOurs = (name: string): boolean => name === "llmux" || name === "llmux-before";
    for (const subject of [...bench.subjects.filter(({ name }) => isOurs(name)), llmuxRouted]) {
      const proxy = await tryStartProxy(bench, subject);
      if (proxy === null) continue;
      proxies.push(proxy);
      lanes.push(...listLanes(bench, subject, proxy).slice(0, 1));
    }
    await warmUp(bench, lanes);
    const micros = new Map<string, number>();
    await runRounds(bench, "routing", plan.routingRounds, lanes, async (lane, round) => {
      const result = await runValidJob(bench, MEASURE, lane.name, {
        ...lane.base,
        kind: "requests",
        ratePerSecond: RATE_PER_SECOND,
        connections: CONNECTIONS,
        warmupMs: plan.warmupMs,
        windowMs: plan.windowMs,
      });
      if (result === null) return;
      book.add(MEASURE, "µs", { lane: lane.name, round }, result.cpuMicrosPerRequest);
      micros.set(`${lane.name} ${round}`, result.cpuMicrosPerRequest);
    });
    for (let round = 0; round < plan.routingRounds; round += 1) {
      const routed = micros.get(`llmux-routed tcp ${round}`) ?? Number.NaN;
      for (const [name, lane] of [
        ["the same build without", "llmux tcp"],
        ["the build before", "llmux-before tcp"],
      ] as const) {
        const other = micros.get(`${lane} ${round}`);
        if (other === undefined || !Number.isFinite(routed)) continue;
        book.add(`routed ÷ ${name}`, "×", { lane: "llmux-routed tcp", round }, routed / other);
      }
    }
  } finally {
    for (const proxy of proxies) await proxy.stop();
  }
}
