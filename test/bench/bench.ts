/** What every measurement works with: the plan, the mock, the proxies in front of it, and where figures go. */
import { CHAT } from "./call.ts";
import type { FigureBook } from "./figure-book.ts";
import type { Faults, Job, JobBase, ResultOf } from "./jobs.ts";
import { PROXY_CORE } from "./cores.ts";
import { runJobInProcess } from "./load-process.ts";
import type { RunningMock } from "./mock-process.ts";
import type { Plan } from "./plan.ts";
import { startProxy } from "./proxy-process.ts";
import type { RunningProxy } from "./proxy-process.ts";
import type { Subject, Upstream } from "./subjects/subject.ts";

export type Bench = {
  readonly plan: Plan;
  readonly scratch: string;
  readonly mock: RunningMock;
  readonly upstream: Upstream;
  readonly subjects: readonly Subject[];
  readonly book: FigureBook;
  /** Whether the time for the whole run is not used up. */
  hasTime(): boolean;
  say(line: string): void;
  /** A sentence for the report. */
  note(line: string): void;
};

/** A subject over one transport; `direct` is the mock without anything in between. */
export type Lane = {
  readonly name: string;
  readonly base: JobBase;
  readonly loadShare: number;
  readonly isDirect: boolean;
};

/** The lanes of one proxy: TCP, and the Unix socket where it has one. */
export function listLanes(bench: Bench, subject: Subject, proxy: RunningProxy): Lane[] {
  const usual = {
    headers: subject.headers(bench.upstream),
    call: CHAT,
    withholdsUsage: subject.withholdsUsage,
    proxyPids: [proxy.pid],
    proxyCore: PROXY_CORE,
    mockPid: bench.mock.pid,
  };
  const { tcp, unix } = proxy.prepared;
  const lane = (transport: "tcp" | "unix", target: JobBase["target"]): Lane => ({
    name: `${subject.name} ${transport}`,
    base: { ...usual, target },
    loadShare: subject.loadShare,
    isDirect: false,
  });
  return unix === null ? [lane("tcp", tcp)] : [lane("tcp", tcp), lane("unix", unix)];
}

/** The mock itself: what the harness costs and can do without a proxy. */
export function listDirectLanes(bench: Bench): Lane[] {
  const usual = {
    headers: [],
    call: CHAT,
    withholdsUsage: false,
    proxyPids: [],
    proxyCore: PROXY_CORE,
    mockPid: bench.mock.pid,
  };
  return [
    { name: "direct tcp", base: { ...usual, target: bench.mock.tcp }, loadShare: 1, isDirect: true },
    { name: "direct unix", base: { ...usual, target: bench.mock.unix }, loadShare: 1, isDirect: true },
  ];
}

/** Starts a proxy; one that does not get ready is noted and left out. */
export async function tryStartProxy(bench: Bench, subject: Subject): Promise<RunningProxy | null> {
  try {
    return await startProxy(subject, bench.scratch, bench.upstream);
  } catch (thrown) {
    // What it said is in the message; the other subjects can still be measured.
    bench.book.reject("start", subject.name, thrown instanceof Error ? thrown.message : String(thrown));
    return null;
  }
}

/** Runs a job; a job that failed or whose answers had faults is noted as invalid and gives null. */
export async function runValidJob<J extends Job>(
  bench: Bench,
  measure: string,
  lane: string,
  job: J,
): Promise<ResultOf<J["kind"]> | null> {
  try {
    const result = await runJobInProcess(job);
    const { faults }: { faults: Faults } = result;
    if (faults.count === 0) return result;
    bench.book.reject(measure, lane, `${faults.count} faults: ${faults.examples.join("; ")}`);
  } catch (thrown) {
    // A generator that died (a refused connection, a timeout) invalidates this run only; the others go on.
    bench.book.reject(measure, lane, thrown instanceof Error ? thrown.message : String(thrown));
  }
  return null;
}

/** Interleaves the lanes: A B C, A B C …; so a drift of the machine meets all of them alike. */
export async function runRounds(
  bench: Bench,
  title: string,
  rounds: number,
  lanes: readonly Lane[],
  runLane: (lane: Lane, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    if (!bench.hasTime()) {
      bench.note(`${title}: out of time after ${round} of ${rounds} rounds`);
      return;
    }
    // Every other round runs backwards: a neighbour's after-effects are not always the same lane's.
    for (const lane of round % 2 === 0 ? lanes : lanes.toReversed()) await runLane(lane, round);
  }
}
