/**
 * The words between the bench's processes: what the load generator is asked (one JSON argument) and what it answers
 * (one JSON line). One process per job: every run starts from the same fresh heap.
 */

import type { Call } from "./call.ts";
import type { Scenario } from "./payloads.ts";

/** Where requests go: a TCP address, or a Unix socket when `unix` is set. */
export type Target = { readonly host: string; readonly port: number; readonly unix: string | null };

export type JobBase = {
  readonly target: Target;
  /** Headers a subject needs on top of the usual ones. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly call: Call;
  /** Whether the subject asks for usage upstream by itself and withholds the extra event from the caller. */
  readonly withholdsUsage: boolean;
  /** Whose CPU and memory to read; empty when the mock is called directly. */
  readonly proxyPids: readonly number[];
  readonly proxyCore: number;
  readonly mockPid: number;
};

export type RequestsJob = JobBase & {
  readonly kind: "requests";
  readonly ratePerSecond: number;
  readonly connections: number;
  readonly warmupMs: number;
  readonly windowMs: number;
};

export type ChunksJob = JobBase & {
  readonly kind: "chunks";
  readonly streams: number;
  readonly chunksPerStream: number;
  /** The mock's, where each chunk's way shall be timed; else null. */
  readonly controlPort: number | null;
  readonly gapMs: number;
  readonly warmupMs: number;
  readonly windowMs: number;
};

/** Each connection sends its next request when the answer to the last one is complete. */
export type ClosedLoopJob = JobBase & {
  readonly kind: "closed-loop";
  readonly concurrency: number;
  readonly warmupMs: number;
  readonly windowMs: number;
};

export type OpenStreamsJob = JobBase & {
  readonly kind: "open-streams";
  /** Ascending numbers of open streams to stop at and look at memory. */
  readonly steps: readonly number[];
  readonly gapMs: number;
  readonly settleMs: number;
};

export type StalledJob = JobBase & {
  readonly kind: "stalled";
  readonly callers: number;
  readonly bytesPerStream: number;
  readonly windowMs: number;
  /** How many of them read on to the end afterwards, to prove that nothing was lost meanwhile. */
  readonly resumed: number;
};

/** Requests at a fixed rate, whatever becomes of them: refusals are answers, too. */
export type OfferedJob = JobBase & {
  readonly kind: "offered";
  readonly ratePerSecond: number;
  readonly connections: number;
  /** What is asked; a plain answer, or a stream that takes its time. */
  readonly scenario: Scenario;
  readonly warmupMs: number;
  readonly windowMs: number;
};

export type AbortPhase = "waiting" | "streaming";

export type AbortsJob = JobBase & {
  readonly kind: "aborts";
  readonly phase: AbortPhase;
  readonly count: number;
  readonly concurrency: number;
  readonly controlPort: number;
};

export type Job = OfferedJob | RequestsJob | ChunksJob | ClosedLoopJob | OpenStreamsJob | StalledJob | AbortsJob;

/** CPU over the measured window, as shares of one core (1 = a whole core). */
export type CoreShares = {
  readonly proxy: number;
  readonly mock: number;
  readonly load: number;
  /** The proxy was ready to run and its core was not free. */
  readonly waiting: number;
  /** What others took of the proxy's core: the run's noise. */
  readonly foreign: number;
};

export type Faults = { readonly count: number; readonly examples: readonly string[] };

type Answered = { readonly faults: Faults };

export type RequestsResult = Answered & {
  readonly kind: "requests";
  readonly completed: number;
  readonly cpuMicrosPerRequest: number;
  readonly shares: CoreShares;
};

export type OfferedResult = Answered & {
  readonly kind: "offered";
  readonly offered: number;
  /** Answers that were whole and good. */
  readonly good: number;
  /** By status; 0: no answer, the connection ended. */
  readonly byStatus: Readonly<Record<string, number>>;
  readonly goodP50Ms: number;
  readonly goodP99Ms: number;
  readonly refusalP50Ms: number;
  readonly refusalP99Ms: number;
};

export type ChunksResult = Answered & {
  readonly kind: "chunks";
  readonly chunks: number;
  readonly cpuMicrosPerChunk: number;
  /** From the mock's write to the load generator's read. */
  readonly delay: { readonly p50Ms: number; readonly p99Ms: number } | null;
  readonly shares: CoreShares;
};

export type ClosedLoopResult = Answered & {
  readonly kind: "closed-loop";
  readonly completed: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly shares: CoreShares;
};

export type OpenStreamsResult = Answered & {
  readonly kind: "open-streams";
  readonly steps: readonly { readonly streams: number; readonly residentBytes: number }[];
};

export type StalledResult = Answered & {
  readonly kind: "stalled";
  readonly peakResidentBytes: number;
  readonly lastResidentBytes: number;
};

export type AbortsResult = Answered & {
  readonly kind: "aborts";
  readonly samples: number;
  /** Left callers whose upstream connection did not close within two seconds. */
  readonly unclosed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

export type JobResult =
  OfferedResult | RequestsResult | ChunksResult | ClosedLoopResult | OpenStreamsResult | StalledResult | AbortsResult;

/** The answer that belongs to a kind of job. */
export type ResultOf<K extends Job["kind"]> = Extract<JobResult, { kind: K }>;
