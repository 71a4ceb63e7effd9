/** Takes CPU readings at both ends of the measured window. */
import type { CoreShares, JobBase } from "../jobs.ts";
import { readCoreBusyMicros, readCpuMicros, readWaitMicros } from "../proc.ts";

type Reading = { atMs: number; proxy: number; waiting: number; mock: number; load: number; core: number };

export type CpuWindow = { readonly durationMs: number; readonly proxyMicros: number; readonly shares: CoreShares };

function takeReading(job: JobBase): Reading {
  return {
    atMs: performance.now(),
    proxy: readCpuMicros(job.proxyPids),
    waiting: readWaitMicros(job.proxyPids),
    mock: readCpuMicros([job.mockPid]),
    load: readCpuMicros([process.pid]),
    core: readCoreBusyMicros(job.proxyCore),
  };
}

/** Begins a window; the function returned ends it. */
export function beginCpuWindow(job: JobBase): () => CpuWindow {
  const before = takeReading(job);
  return () => {
    const after = takeReading(job);
    const durationMs = after.atMs - before.atMs;
    const proxyMicros = after.proxy - before.proxy;
    const share = (micros: number): number => micros / (durationMs * 1000);
    return {
      durationMs,
      proxyMicros,
      shares: {
        proxy: share(proxyMicros),
        mock: share(after.mock - before.mock),
        load: share(after.load - before.load),
        waiting: share(after.waiting - before.waiting),
        foreign: Math.max(0, share(after.core - before.core - proxyMicros)),
      },
    };
  };
}
