/** Callers that open a stream and stop reading while the provider sends as fast as it can: memory of the proxy. */
import type { StalledJob, StalledResult } from "../jobs.ts";
import { readResidentBytes } from "../proc.ts";
import { openConnections } from "./connection.ts";
import { FaultLog } from "./fault-log.ts";
import { waitUntil } from "./wait-until.ts";

const SAMPLE_EVERY_MS = 50;
const START_DEADLINE_MS = 10_000;
const RESUME_DEADLINE_MS = 20_000;

export async function runStalled(job: StalledJob): Promise<StalledResult> {
  const faults = new FaultLog();
  const scenario = { kind: "flood", bytes: job.bytesPerStream } as const;
  let isReading = false;
  let ended = 0;
  const connections = await openConnections(job.callers, job, {
    onBytes(connection) {
      if (!isReading) connection.pause();
    },
    onAnswer(_connection, fault) {
      ended += 1;
      if (fault !== null) faults.add(fault);
    },
    onLost: (_connection, message) => faults.add(message),
  });
  for (const connection of connections) connection.send(scenario);
  const hasBegun = await waitUntil(START_DEADLINE_MS, () => connections.every((one) => one.bodyBytes > 0));
  if (!hasBegun) faults.add(`not every stream had begun after ${START_DEADLINE_MS} ms`);

  let peak = 0;
  let last = 0;
  const endMs = performance.now() + job.windowMs;
  while (performance.now() < endMs) {
    last = readResidentBytes(job.proxyPids);
    peak = Math.max(peak, last);
    await Bun.sleep(SAMPLE_EVERY_MS);
  }

  const read = connections.reduce((sum, one) => sum + one.bodyBytes, 0);
  if (ended > 0 || read > (job.callers * job.bytesPerStream) / 2) {
    faults.add(`the callers were not stalled: ${ended} streams ended, ${read} bytes were read`);
  }
  // Some read on: what waited for them must still be whole.
  isReading = true;
  for (const connection of connections.slice(job.resumed)) connection.close();
  for (const connection of connections.slice(0, job.resumed)) connection.resume();
  const isWhole = await waitUntil(RESUME_DEADLINE_MS, () => ended >= job.resumed || faults.count > 0);
  if (!isWhole) faults.add(`${ended} of ${job.resumed} resumed streams came to their end`);
  for (const connection of connections) connection.close();
  return { kind: "stalled", peakResidentBytes: peak, lastResidentBytes: last, faults: faults.summarize() };
}
