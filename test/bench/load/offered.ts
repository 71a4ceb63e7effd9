/** Requests at a fixed rate, open loop, and what became of each: good answers, refusals by status, refusals' latency. */
import type { OfferedJob, OfferedResult } from "../jobs.ts";
import { percentile } from "../stats.ts";
import { Connection, openConnections } from "./connection.ts";
import type { ConnectionEvents } from "./connection.ts";
import { FaultLog } from "./fault-log.ts";
import { waitUntil } from "./wait-until.ts";

/** Answers to what was sent in time are waited for so long. */
const SETTLE_MS = 20_000;
const MAX_SAMPLES = 1_000_000;

export async function runOffered(job: OfferedJob): Promise<OfferedResult> {
  const faults = new FaultLog();
  const idle: Connection[] = [];
  const byStatus: Record<string, number> = {};
  const goodMs: number[] = [];
  const refusalsMs: number[] = [];
  let good = 0;
  let inFlight = 0;
  let unsent = 0;
  let offered = 0;
  /** Requests sent before this belong to the warm-up. */
  let windowStartMs = Number.POSITIVE_INFINITY;

  const settle = (connection: Connection, status: number, fault: string | null): void => {
    inFlight -= 1;
    if (connection.startedMs < windowStartMs) return;
    byStatus[status] = (byStatus[status] ?? 0) + 1;
    if (fault === null) good += 1;
    else if (status === 200 || status === 0) {
      faults.add(fault);
      return;
    }
    const samples = fault === null ? goodMs : refusalsMs;
    if (samples.length < MAX_SAMPLES) samples.push(performance.now() - connection.startedMs);
  };
  const events: ConnectionEvents = {
    onAnswer(connection, fault) {
      settle(connection, connection.status, fault);
      idle.push(connection);
    },
    onLost(connection, message) {
      settle(connection, 0, message);
      void Connection.open(job, events).then(
        (fresh) => idle.push(fresh),
        (error: unknown) => faults.add(String(error)),
      );
    },
  };
  const connections = await openConnections(job.connections, job, events);
  idle.push(...connections);

  const startMs = performance.now();
  const endMs = startMs + job.warmupMs + job.windowMs;
  windowStartMs = startMs + job.warmupMs;
  let due = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const nowMs = Math.min(performance.now(), endMs);
      const target = Math.floor(((nowMs - startMs) * job.ratePerSecond) / 1000);
      for (; due < target; due += 1) {
        const connection = idle.shift();
        if (connection === undefined) {
          unsent += 1;
          continue;
        }
        connection.startedMs = performance.now();
        if (connection.startedMs >= windowStartMs) offered += 1;
        inFlight += 1;
        connection.send(job.scenario);
      }
      if (nowMs >= endMs) {
        clearInterval(timer);
        resolve();
      }
    }, 1);
  });
  if (!(await waitUntil(SETTLE_MS, () => inFlight === 0))) faults.add(`${inFlight} requests were never answered`);
  if (unsent > 0) faults.add(`${unsent} of ${due} requests found no free connection: the rate was not offered`);
  for (const connection of connections) connection.close();
  return {
    kind: "offered",
    offered,
    good,
    byStatus,
    goodP50Ms: percentile(goodMs, 0.5),
    goodP99Ms: percentile(goodMs, 0.99),
    refusalP50Ms: percentile(refusalsMs, 0.5),
    refusalP99Ms: percentile(refusalsMs, 0.99),
    faults: faults.summarize(),
  };
}
