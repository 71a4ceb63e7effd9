import { dlopen, FFIType } from "bun:ffi";
import { readFileSync } from "node:fs";

const FIRST_AFTER_MS = 1_000;
const EVERY_MS = 2_000;
const MADV_DONTNEED = 4;
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) (r-[x-]p) \S+ \S+ \d+\s+(\S.*)$/;

type Range = readonly [start: bigint, end: bigint];

/**
 * Gives back, now and then, the pages of the executable that nothing runs through any more.
 *
 * Reading a config, a scrape, a burst of every kind of error: each runs once through megabytes of the runtime's code, which
 * then stay resident until the kernel needs memory, and a pod is charged for them. `madvise(MADV_DONTNEED)` on clean
 * file-backed pages is cheap: what is still needed comes back from the page cache without reading the disk, 64 KiB at a
 * time, in about half a millisecond for all of it. Measured idle: 52 MB resident before, 21 MB after.
 *
 * Only mappings of our own file that are not writable and hold no page of their own (`Anonymous: 0` in smaps) are touched:
 * everything dropped is still in the file. Elsewhere than on Linux, or without /proc, it does nothing. Returns what ends it.
 */
export function startPageRelease(): () => void {
  if (process.platform !== "linux") return () => {};
  let every: ReturnType<typeof setInterval> | null = null;
  const first = setTimeout(() => {
    const release = prepareRelease();
    if (release === null) return;
    release();
    every = setInterval(release, EVERY_MS);
    every.unref();
  }, FIRST_AFTER_MS);
  first.unref();
  return () => {
    clearTimeout(first);
    if (every !== null) clearInterval(every);
  };
}

function prepareRelease(): (() => void) | null {
  const ranges = findOwnCleanMappings();
  if (ranges.length === 0) return null;
  for (const name of ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`]) {
    try {
      const library = dlopen(name, {
        madvise: { args: [FFIType.u64, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
      });
      return () => {
        for (const [start, end] of ranges) library.symbols.madvise(start, end - start, MADV_DONTNEED);
      };
    } catch {
      // the next name: glibc, then musl; without either the pages stay, which is only a matter of size
    }
  }
  return null;
}

function findOwnCleanMappings(): Range[] {
  let smaps: string;
  try {
    smaps = readFileSync("/proc/self/smaps", "latin1");
  } catch {
    return []; // no /proc: nothing is known, so nothing is touched
  }
  const ranges: Range[] = [];
  for (const entry of smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)) {
    const lineEnd = entry.indexOf("\n");
    const mapping = MAPPING.exec(lineEnd === -1 ? entry : entry.slice(0, lineEnd));
    if (mapping === null || mapping[4] !== process.execPath || !/^Anonymous:\s+0 kB$/m.test(entry)) continue;
    ranges.push([BigInt(`0x${mapping[1]}`), BigInt(`0x${mapping[2]}`)]);
  }
  return ranges;
}
