/** Non-stream requests at a fixed rate, open loop: a slow proxy does not slow the arrivals. CPU per request. */
import type { RequestsJob, RequestsResult } from "../jobs.ts";
import { openConnections } from "./connection.ts";
import type { Connection } from "./connection.ts";
import { beginCpuWindow } from "./cpu-window.ts";
import type { CpuWindow } from "./cpu-window.ts";
import { FaultLog } from "./fault-log.ts";

const PLAIN = { kind: "plain" } as const;
/** Arrivals that find every connection busy wait; more of them than this, and the rate is beyond the proxy. */
const MAX_WAITING_SECONDS = 1;

export async function runRequests(job: RequestsJob): Promise<RequestsResult> {
  const faults = new FaultLog();
  const idle: Connection[] = [];
  let completed = 0;
  let waiting = 0;
  const connections = await openConnections(job.connections, job, {
    onAnswer(connection, fault) {
      if (fault !== null) faults.add(fault);
      completed += 1;
      if (waiting > 0) {
        waiting -= 1;
        connection.send(PLAIN);
      } else {
        idle.push(connection);
      }
    },
    onLost: (_connection, message) => faults.add(message),
  });
  idle.push(...connections);

  const startMs = performance.now();
  const windowStartMs = startMs + job.warmupMs;
  const windowEndMs = windowStartMs + job.windowMs;
  let sent = 0;
  let completedBefore = 0;
  let endWindow: (() => CpuWindow) | null = null;

  const window = await new Promise<CpuWindow>((resolve) => {
    const timer = setInterval(() => {
      const nowMs = performance.now();
      const due = Math.floor(((nowMs - startMs) * job.ratePerSecond) / 1000);
      for (; sent < due; sent += 1) {
        const connection = idle.shift();
        if (connection === undefined) waiting += 1;
        else connection.send(PLAIN);
      }
      if (endWindow === null && nowMs >= windowStartMs) {
        completedBefore = completed;
        endWindow = beginCpuWindow(job);
      }
      if (endWindow !== null && nowMs >= windowEndMs) {
        clearInterval(timer);
        resolve(endWindow());
      }
    }, 1);
  });
  const answered = completed - completedBefore;
  if (waiting > job.ratePerSecond * MAX_WAITING_SECONDS) {
    faults.add(`the rate of ${job.ratePerSecond}/s was not kept: ${waiting} requests were still waiting`);
  }
  for (const connection of connections) connection.close();
  return {
    kind: "requests",
    completed: answered,
    cpuMicrosPerRequest: window.proxyMicros / answered,
    shares: window.shares,
    faults: faults.summarize(),
  };
}
