/** Each connection asks again as soon as it has its answer: latency at low concurrency, throughput at high. */
import type { ClosedLoopJob, ClosedLoopResult } from "../jobs.ts";
import { percentile } from "../stats.ts";
import { openConnections } from "./connection.ts";
import { beginCpuWindow } from "./cpu-window.ts";
import { FaultLog } from "./fault-log.ts";

const PLAIN = { kind: "plain" } as const;
const MAX_SAMPLES = 1_000_000;

export async function runClosedLoop(job: ClosedLoopJob): Promise<ClosedLoopResult> {
  const faults = new FaultLog();
  const latenciesMs: number[] = [];
  let completed = 0;
  let isMeasured = false;
  let isOver = false;
  const connections = await openConnections(job.concurrency, job, {
    onAnswer(connection, fault) {
      const nowMs = performance.now();
      if (fault !== null) faults.add(fault);
      if (isMeasured) {
        completed += 1;
        if (latenciesMs.length < MAX_SAMPLES) latenciesMs.push(nowMs - connection.startedMs);
      }
      if (isOver) return;
      connection.startedMs = nowMs;
      connection.send(PLAIN);
    },
    onLost: (_connection, message) => faults.add(message),
  });
  for (const connection of connections) {
    connection.startedMs = performance.now();
    connection.send(PLAIN);
  }
  await Bun.sleep(job.warmupMs);
  const endWindow = beginCpuWindow(job);
  isMeasured = true;
  await Bun.sleep(job.windowMs);
  isMeasured = false;
  const window = endWindow();
  isOver = true;
  for (const connection of connections) connection.close();
  if (completed === 0) faults.add("no request was answered in the window");
  return {
    kind: "closed-loop",
    completed,
    requestsPerSecond: (completed * 1000) / window.durationMs,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    shares: window.shares,
    faults: faults.summarize(),
  };
}
