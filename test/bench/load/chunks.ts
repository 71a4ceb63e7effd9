/** Many streams with one small event at a time, like tokens: CPU per SSE chunk. */
import type { ChunksJob, ChunksResult } from "../jobs.ts";
import { EVENT_BYTES } from "../payloads.ts";
import { openConnections } from "./connection.ts";
import { beginCpuWindow } from "./cpu-window.ts";
import { FaultLog } from "./fault-log.ts";

export async function runChunks(job: ChunksJob): Promise<ChunksResult> {
  const faults = new FaultLog();
  let bytes = 0;
  let isOver = false;
  const connections = await openConnections(job.streams, job, {
    onBytes(_connection, count) {
      bytes += count;
    },
    onAnswer(connection, fault) {
      if (fault !== null) faults.add(fault);
      if (!isOver) connection.send({ kind: "stream", chunks: job.chunksPerStream, gapMs: job.gapMs });
    },
    onLost: (_connection, message) => faults.add(message),
  });
  // The first streams differ in length, so that ends and beginnings are spread over time as they are in real traffic.
  for (const [index, connection] of connections.entries()) {
    const chunks = Math.max(1, Math.round(((index + 1) / connections.length) * job.chunksPerStream));
    connection.send({ kind: "stream", chunks, gapMs: job.gapMs });
    if (index % 16 === 15) await Bun.sleep(1);
  }
  await Bun.sleep(job.warmupMs);
  const bytesBefore = bytes;
  const endWindow = beginCpuWindow(job);
  await Bun.sleep(job.windowMs);
  const window = endWindow();
  const chunks = (bytes - bytesBefore) / EVENT_BYTES;
  isOver = true;
  const expected = (job.streams * window.durationMs) / job.gapMs;
  if (chunks < expected * 0.8) {
    faults.add(`expected about ${Math.round(expected)} chunks in the window, got ${Math.round(chunks)}`);
  }
  for (const connection of connections) connection.close();
  return {
    kind: "chunks",
    chunks: Math.round(chunks),
    cpuMicrosPerChunk: window.proxyMicros / chunks,
    shares: window.shares,
    faults: faults.summarize(),
  };
}
