/** What the kernel says of processes and cores: CPU time, resident memory (Linux /proc). */
import { readFileSync, readdirSync } from "node:fs";

/** Linux reports CPU time in ticks of USER_HZ, 100 a second on every architecture we build for. */
const MICROS_PER_TICK = 10_000;

/**
 * CPU time of whole processes, all threads, in µs. Where the kernel keeps it, the scheduler's own count is read
 * (/proc/PID/task/TID/schedstat, ns): it is what utime + stime are derived from, without their steps of 10 ms.
 */
export function readCpuMicros(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (readSchedulerMicros(pid) ?? readTickMicros(pid)), 0);
}

function readSchedulerMicros(pid: number): number | null {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]);
    } catch {
      // A kernel without schedstat, or a thread that ended just now: the ticks count threads that are gone, too.
      return null;
    }
  }
  return nanos / 1000;
}

/** How long processes' main threads were ready to run and had no core, in µs; 0 where the kernel does not say. */
export function readWaitMicros(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      return sum + Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[1]) / 1000;
    } catch {
      // A kernel without schedstat.
      return sum;
    }
  }, 0);
}

/** utime + stime (proc(5), fields 14 and 15 of /proc/PID/stat). */
function readTickMicros(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name in field 2 may hold spaces and brackets: count from the last ")".
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}

/** Time a core was not idle, in µs, whoever used it. */
export function readCoreBusyMicros(core: number): number {
  const line = readFileSync("/proc/stat", "latin1")
    .split("\n")
    .find((text) => text.startsWith(`cpu${core} `));
  if (line === undefined) throw new Error(`/proc/stat should have a line for cpu${core}`);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(" ").slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) * MICROS_PER_TICK;
}

/** Resident memory (VmRSS) of the processes together. */
export function readResidentBytes(pids: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of pids) {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    if (match === null) throw new Error(`/proc/${pid}/status should have VmRSS: has the process ended?`);
    kilobytes += Number(match[1]);
  }
  return kilobytes * 1024;
}
