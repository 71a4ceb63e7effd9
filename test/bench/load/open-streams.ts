/** Holds thousands of streams open, a chunk every few seconds on each: resident memory of the proxy at each step. */
import type { OpenStreamsJob, OpenStreamsResult } from "../jobs.ts";
import { readResidentBytes } from "../proc.ts";
import { openConnections } from "./connection.ts";
import type { Connection } from "./connection.ts";
import { FaultLog } from "./fault-log.ts";
import { waitUntil } from "./wait-until.ts";

const ENDLESS = 1_000_000;
const AT_ONCE = 256;
const OPEN_DEADLINE_MS = 60_000;

export async function runOpenStreams(job: OpenStreamsJob): Promise<OpenStreamsResult> {
  const faults = new FaultLog();
  const connections: Connection[] = [];
  const steps: { streams: number; residentBytes: number }[] = [];
  const events = {
    onAnswer: (_connection: Connection, fault: string | null): void =>
      faults.add(`a stream ended early: ${fault ?? "with a proper end"}`),
    onLost: (_connection: Connection, message: string): void => faults.add(message),
  };
  for (const step of job.steps) {
    while (connections.length < step) {
      const batch = await openConnections(Math.min(AT_ONCE, step - connections.length), job, events);
      connections.push(...batch);
      for (const connection of batch)
        connection.send({ kind: "stream", chunks: ENDLESS, gapMs: job.gapMs, isStamped: false });
      const isOpen = await waitUntil(OPEN_DEADLINE_MS, () => faults.count > 0 || batch.every((one) => one.chunks >= 1));
      if (!isOpen) {
        const missing = batch.filter((one) => one.chunks < 1).length;
        faults.add(`${missing} of ${batch.length} streams had no first chunk after ${OPEN_DEADLINE_MS} ms`);
      }
      if (faults.count > 0) break;
    }
    if (connections.length < step || faults.count > 0) break;
    await Bun.sleep(job.settleMs);
    steps.push({ streams: step, residentBytes: readResidentBytes(job.proxyPids) });
  }
  const isFlowing = await waitUntil(
    job.gapMs + 2000,
    () => faults.count > 0 || connections.every((one) => one.chunks >= 2),
  );
  if (!isFlowing) {
    const silent = connections.filter((one) => one.chunks < 2).length;
    faults.add(`${silent} of ${connections.length} streams had no second chunk`);
  }
  for (const connection of connections) connection.close();
  return { kind: "open-streams", steps, faults: faults.summarize() };
}
