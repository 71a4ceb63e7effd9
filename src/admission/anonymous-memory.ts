import { readFileSync } from "node:fs";

/**
 * Memory of the process that the kernel cannot take back: resident, without what is mapped from files. Clean pages of the executable
 * count as resident and would look like a shortage in a small container, though they are dropped before anybody is killed.
 * `proc_pid_status(5)`: "RssAnon". All that is resident where there is no /proc.
 */
export function readAnonymousBytes(): number {
  try {
    const kibibytes = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // no /proc on this system (macOS)
  }
  return process.memoryUsage.rss();
}
