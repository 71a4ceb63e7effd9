/** Callers that leave: how long until the provider sees its connection close. */
import type { AbortsJob, AbortsResult } from "../jobs.ts";
import { percentile } from "../stats.ts";
import { wallClockMs } from "../wall-clock.ts";
import { Connection } from "./connection.ts";
import { FaultLog } from "./fault-log.ts";
import { openObserver } from "./mock-observer.ts";
import { waitUntil } from "./wait-until.ts";

const ARRIVE_DEADLINE_MS = 5000;
/** A connection still open after this counts with this time. */
const CLOSE_DEADLINE_MS = 2000;
/** So many, and the rest need not be waited for. */
const ENOUGH_UNCLOSED = 4;
/** Chunks a streaming caller has read when it leaves. */
const CHUNKS_READ = 2;
/** A caller leaves a while after its request arrived, not in the same instant. */
const LINGER_MS = 3;

export async function runAborts(job: AbortsJob): Promise<AbortsResult> {
  const faults = new FaultLog();
  const latenciesMs: number[] = [];
  const observer = await openObserver(job.controlPort);
  let next = 0;
  let unclosed = 0;

  async function abortOne(id: string): Promise<void> {
    const connection = await Connection.open(job, {
      onAnswer: () => faults.add("an answer ended that should have gone on until the caller left"),
      onLost: (_connection, message) => faults.add(message),
    });
    connection.send({ kind: job.phase === "waiting" ? "hang" : "drip", id });
    const isThere = await waitUntil(
      ARRIVE_DEADLINE_MS,
      () => observer.arrivedMs(id) !== undefined && (job.phase === "waiting" || connection.chunks >= CHUNKS_READ),
    );
    if (!isThere) {
      faults.add(`request ${id} did not reach its phase in ${ARRIVE_DEADLINE_MS} ms`);
      connection.close();
      return;
    }
    await Bun.sleep(LINGER_MS);
    const leftMs = wallClockMs();
    connection.close();
    const isClosed = await waitUntil(CLOSE_DEADLINE_MS, () => observer.closedMs(id) !== undefined);
    const closedMs = observer.closedMs(id);
    if (!isClosed || closedMs === undefined) {
      // A proxy that lets the provider go on for nobody: a finding, not a fault of the run.
      unclosed += 1;
      latenciesMs.push(CLOSE_DEADLINE_MS);
    } else {
      latenciesMs.push(Math.max(0, closedMs - leftMs));
    }
  }

  async function abortInTurn(): Promise<void> {
    while (next < job.count && unclosed < ENOUGH_UNCLOSED) {
      next += 1;
      await abortOne(`${process.pid}x${next}`);
    }
  }

  await Promise.all(Array.from({ length: job.concurrency }, abortInTurn));
  observer.close();
  return {
    kind: "aborts",
    samples: latenciesMs.length,
    unclosed,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    faults: faults.summarize(),
  };
}
