/**
 * How much memory the process may have: the smallest limit of the cgroups it is in, or the machine's memory.
 *
 * cgroup v2: `memory.max` of the process's group and of every group above it (a limit above binds as well). v1:
 * `memory.limit_in_bytes` likewise. Inside a container the process's path is often the host's and not mounted; the walk up then
 * ends at the mount itself, which is the container's own group.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
 *
 * Read again every ten seconds: a pod's limit may change while it runs (Kubernetes' in-place resize).
 */

const CGROUP_ROOT = "/sys/fs/cgroup";
const V1_ROOT = `${CGROUP_ROOT}/memory`;
const READ_EVERY_MS = 10_000;
/** v1 says "no limit" by the largest multiple of a page; nothing this large is a limit. */
const NO_LIMIT_BYTES = 2 ** 60;
/** Deeper than any hierarchy that is in use. */
const MAX_DEPTH = 32;

export type MemoryLimitOptions = {
  /** A small file's text; null where it cannot be read. */
  readonly readText?: (path: string) => Promise<string | null>;
  /** The machine's memory where /proc/meminfo does not tell it (macOS); null: not known. */
  readonly readMachineBytes?: () => Promise<number | null>;
};

export class MemoryLimit {
  readonly #readText: (path: string) => Promise<string | null>;
  readonly #readMachineBytes: () => Promise<number | null>;
  #bytes: number | null = null;
  #readMs: number | null = null;
  #isReading = false;

  constructor({ readText = readTextFile, readMachineBytes = readTotalMemory }: MemoryLimitOptions = {}) {
    this.#readText = readText;
    this.#readMachineBytes = readMachineBytes;
  }

  /** As known now; null before the first reading ended. Asking begins a new reading where the last is ten seconds old. */
  bytes(nowMs: number): number | null {
    const isOld = this.#readMs === null || nowMs - this.#readMs >= READ_EVERY_MS;
    if (isOld && !this.#isReading) {
      this.#readMs = nowMs;
      void this.refresh();
    }
    return this.#bytes;
  }

  /** Reads the limit anew; never rejects. What cannot be read is no limit. */
  async refresh(): Promise<number | null> {
    this.#isReading = true;
    try {
      this.#bytes = await this.#read();
    } catch {
      // a reader that threw: what was known stays
    } finally {
      this.#isReading = false;
    }
    return this.#bytes;
  }

  async #read(): Promise<number | null> {
    const groups = (await this.#readText("/proc/self/cgroup")) ?? "";
    const limits: number[] = [];
    for (const file of limitFiles(groups)) {
      const limit = parseLimit(await this.#readText(file));
      if (limit !== null) limits.push(limit);
    }
    const machine = parseMemTotal(await this.#readText("/proc/meminfo")) ?? (await this.#readMachineBytes());
    if (machine !== null && machine > 0) limits.push(machine);
    return limits.length === 0 ? null : Math.min(...limits);
  }
}

/** Files that may hold a limit of the process, from the lines of /proc/self/cgroup: "0::/path" (v2), "4:memory:/path" (v1). */
function limitFiles(groups: string): string[] {
  let v2: string | null = null;
  let v1: string | null = null;
  for (const line of groups.split("\n")) {
    const [, controllers, ...rest] = line.split(":");
    if (controllers === undefined) continue;
    if (controllers === "") v2 = rest.join(":");
    else if (controllers.split(",").includes("memory")) v1 = rest.join(":");
  }
  const files = pathsUp(v2 ?? "/").map((path) => `${CGROUP_ROOT}${path}/memory.max`);
  if (v1 !== null) files.push(...pathsUp(v1).map((path) => `${V1_ROOT}${path}/memory.limit_in_bytes`));
  return files;
}

/** "/a/b" → "/a/b", "/a", "". A path that leads out of what is mounted ("/../x", after a move between namespaces) → "" alone. */
function pathsUp(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  if (parts.includes("..") || parts.length > MAX_DEPTH) return [""];
  const paths: string[] = [];
  for (let length = parts.length; length >= 0; length--) {
    paths.push(
      parts
        .slice(0, length)
        .map((part) => `/${part}`)
        .join(""),
    );
  }
  return paths;
}

/** null: no limit ("max"), or no number. */
function parseLimit(text: string | null): number | null {
  const trimmed = text?.trim() ?? "";
  if (!/^\d+$/.test(trimmed)) return null;
  const bytes = Number(trimmed);
  return bytes > 0 && bytes < NO_LIMIT_BYTES ? bytes : null;
}

function parseMemTotal(text: string | null): number | null {
  const kibibytes = /^MemTotal:\s+(\d+) kB/m.exec(text ?? "")?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

/** Bun's own reader: node:fs would cost a process that has no use for it 1.6 MB more. */
async function readTextFile(path: string): Promise<string | null> {
  try {
    return await Bun.file(path).text();
  } catch {
    return null; // not there: no cgroups, another version of them, another system
  }
}

/** Only where there is no /proc: node:os is loaded by nobody else. */
async function readTotalMemory(): Promise<number | null> {
  const { totalmem } = await import("node:os");
  return totalmem();
}
