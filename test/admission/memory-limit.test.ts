import { describe, expect, test } from "bun:test";
import { MemoryLimit } from "../../src/admission/memory-limit.ts";

const MIB = 1024 * 1024;

/** A machine of 8 GiB with these files beside /proc/meminfo. */
function machine(files: Record<string, string>, readMachineBytes = async (): Promise<number | null> => null) {
  const all: Record<string, string> = { "/proc/meminfo": "MemTotal:        8388608 kB\nMemFree: 1 kB\n", ...files };
  const asked: string[] = [];
  const readText = async (path: string): Promise<string | null> => {
    asked.push(path);
    return all[path] ?? null;
  };
  return { all, asked, limit: new MemoryLimit({ readText, readMachineBytes }) };
}

const GROUP = "/sys/fs/cgroup";

describe("the memory limit", () => {
  test.each([
    [
      "a container's own group, mounted as the root",
      { "/proc/self/cgroup": "0::/\n", [`${GROUP}/memory.max`]: `${128 * MIB}\n` },
      128,
    ],
    [
      "a systemd unit's group",
      {
        "/proc/self/cgroup": "0::/system.slice/llmux.service\n",
        [`${GROUP}/system.slice/llmux.service/memory.max`]: `${256 * MIB}\n`,
        [`${GROUP}/system.slice/memory.max`]: "max\n",
      },
      256,
    ],
    [
      "a group above, where that is smaller",
      {
        "/proc/self/cgroup": "0::/pods/a/b\n",
        [`${GROUP}/pods/a/b/memory.max`]: `${512 * MIB}\n`,
        [`${GROUP}/pods/memory.max`]: `${64 * MIB}\n`,
        [`${GROUP}/pods/a/memory.max`]: "max\n",
      },
      64,
    ],
    [
      "the mount itself, where the process's path is the host's",
      { "/proc/self/cgroup": "0::/kubepods/pod1/c1\n", [`${GROUP}/memory.max`]: `${100 * MIB}\n` },
      100,
    ],
    [
      "the mount itself, where the path leads out of it",
      {
        "/proc/self/cgroup": "0::/../other\n",
        [`${GROUP}/memory.max`]: `${100 * MIB}\n`,
        [`${GROUP}/../other/memory.max`]: `${1 * MIB}\n`,
      },
      100,
    ],
    [
      "version 1, its own group",
      {
        "/proc/self/cgroup": "5:cpu,memory:/docker/abc\n4:pids:/\n0::/\n",
        [`${GROUP}/memory/docker/abc/memory.limit_in_bytes`]: `${200 * MIB}\n`,
        [`${GROUP}/memory/memory.limit_in_bytes`]: "9223372036854771712\n",
      },
      200,
    ],
    [
      "version 1 in a container, where only the mount is there",
      { "/proc/self/cgroup": "4:memory:/docker/abc\n", [`${GROUP}/memory/memory.limit_in_bytes`]: `${200 * MIB}\n` },
      200,
    ],
    ["no limit in any group: the machine", { "/proc/self/cgroup": "0::/\n", [`${GROUP}/memory.max`]: "max\n" }, 8_192],
    [
      "a limit above the machine's memory: the machine",
      { "/proc/self/cgroup": "0::/\n", [`${GROUP}/memory.max`]: `${64 * 1024 * MIB}\n` },
      8_192,
    ],
    ["no groups at all: the machine", {}, 8_192],
    [
      "texts that are no limits: the machine",
      { "/proc/self/cgroup": "\nnonsense\n0::\n", [`${GROUP}/memory.max`]: "-1\n" },
      8_192,
    ],
  ])("is that of %s", async (_what, files, mebibytes) => {
    expect(await machine(files).limit.refresh()).toBe(mebibytes * MIB);
  });

  test("is the machine's memory as the system tells it where there is no /proc", async () => {
    const { limit, all } = machine({}, async () => 16 * MIB);
    delete all["/proc/meminfo"];
    expect(await limit.refresh()).toBe(16 * MIB);
  });

  test("is not known where nothing tells it", async () => {
    const { limit, all } = machine({});
    delete all["/proc/meminfo"];
    expect(await limit.refresh()).toBeNull();
  });

  test("is not known where version 1 says no limit and nothing else tells the machine's memory", async () => {
    const { limit, all } = machine({
      "/proc/self/cgroup": "4:memory:/\n",
      [`${GROUP}/memory/memory.limit_in_bytes`]: "9223372036854771712\n",
    });
    delete all["/proc/meminfo"];
    expect(await limit.refresh()).toBeNull();
  });

  test("is read when it is first asked for and every ten seconds after that: it may change while the pod runs", async () => {
    const { limit, all, asked } = machine({ "/proc/self/cgroup": "0::/\n", [`${GROUP}/memory.max`]: `${128 * MIB}\n` });
    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual([]);
    expect(limit.bytes(0)).toBeNull();
    await settle();
    expect(limit.bytes(250)).toBe(128 * MIB);
    all[`${GROUP}/memory.max`] = `${512 * MIB}\n`;
    const reads = asked.length;
    expect(limit.bytes(9_999)).toBe(128 * MIB);
    expect(asked).toHaveLength(reads);
    expect(limit.bytes(10_000)).toBe(128 * MIB);
    expect(limit.bytes(10_000)).toBe(128 * MIB);
    await settle();
    expect(limit.bytes(10_250)).toBe(512 * MIB);
    expect(asked).toHaveLength(reads * 2);
  });

  test("stays what it was when a reading fails", async () => {
    let isBroken = false;
    const limit = new MemoryLimit({
      readText: async (path) => {
        if (isBroken) throw new Error("EIO");
        return path === "/proc/meminfo" ? "MemTotal: 1024 kB\n" : null;
      },
      readMachineBytes: async () => null,
    });
    expect(await limit.refresh()).toBe(MIB);
    isBroken = true;
    expect(await limit.refresh()).toBe(MIB);
    expect(limit.bytes(0)).toBe(MIB);
  });

  test("of this machine is known", async () => {
    expect(await new MemoryLimit().refresh()).toBeGreaterThan(16 * MIB);
  });
});
