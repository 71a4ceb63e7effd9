/** Many streams with one small event at a time, like tokens: CPU per SSE chunk, and how long each was on its way. */
import type { ChunksJob, ChunksResult } from "../jobs.ts";
import { percentile } from "../stats.ts";
import { wallClockMs } from "../wall-clock.ts";
import { openConnections } from "./connection.ts";
import { beginCpuWindow } from "./cpu-window.ts";
import { FaultLog } from "./fault-log.ts";
import { openObserver } from "./mock-observer.ts";

const MAX_SAMPLES = 1_000_000;
/** Over so many gaps timed streams begin: a request costs a gateway as much as several chunks. */
const START_GAPS = 5;

export async function runChunks(job: ChunksJob): Promise<ChunksResult> {
  const faults = new FaultLog();
  const observer = job.controlPort === null ? null : await openObserver(job.controlPort);
  const offsetMs = observer?.offsetMs ?? 0;
  observer?.close();
  const isStamped = observer !== null;
  const delaysMs: number[] = [];
  let chunks = 0;
  let isMeasured = false;
  let isOver = false;
  const { chunksPerStream, gapMs } = job;
  const connections = await openConnections(job.streams, job, {
    onChunk(stampMicros) {
      chunks += 1;
      if (stampMicros === 0 || !isMeasured || delaysMs.length >= MAX_SAMPLES) return;
      delaysMs.push(wallClockMs() + offsetMs - stampMicros / 1000);
    },
    onAnswer(connection, fault) {
      if (fault !== null) faults.add(fault);
      if (!isOver) connection.send({ kind: "stream", chunks: chunksPerStream, gapMs, isStamped });
    },
    onLost: (_connection, message) => faults.add(message),
  });
  // The first streams differ in length, so that ends and beginnings are spread over time as they are in real traffic.
  const beganMs = performance.now();
  for (const [index, connection] of connections.entries()) {
    const first = Math.max(1, Math.round(((index + 1) / connections.length) * chunksPerStream));
    connection.send({ kind: "stream", chunks: first, gapMs, isStamped });
    if (isStamped) {
      // Spread over a whole gap: what a chunk waits for must be the proxy, not the others that were sent with it.
      const dueMs = beganMs + ((index + 1) / connections.length) * gapMs * START_GAPS;
      while (performance.now() < dueMs) await Bun.sleep(1);
    } else if (index % 16 === 15) await Bun.sleep(1);
  }
  await Bun.sleep(job.warmupMs);
  const chunksBefore = chunks;
  const endWindow = beginCpuWindow(job);
  isMeasured = true;
  await Bun.sleep(job.windowMs);
  isMeasured = false;
  const window = endWindow();
  const measured = chunks - chunksBefore;
  isOver = true;
  const expected = (job.streams * window.durationMs) / gapMs;
  if (measured < expected * 0.8) {
    faults.add(`expected about ${Math.round(expected)} chunks in the window, got ${measured}`);
  }
  for (const connection of connections) connection.close();
  return {
    kind: "chunks",
    chunks: measured,
    cpuMicrosPerChunk: window.proxyMicros / measured,
    delay: isStamped ? { p50Ms: percentile(delaysMs, 0.5), p99Ms: percentile(delaysMs, 0.99) } : null,
    shares: window.shares,
    faults: faults.summarize(),
  };
}
