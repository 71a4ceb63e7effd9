/** Starts the mock provider on the harness's cores. */
import { join } from "node:path";
import { track } from "./children.ts";
import { HARNESS_CORES, pinToCores } from "./cores.ts";
import type { Target } from "./jobs.ts";

export type RunningMock = {
  readonly pid: number;
  readonly tcp: Target;
  readonly unix: Target;
  readonly controlPort: number;
  stop(): Promise<void>;
};

type Announcement = { pid: number; port: number; unix: string; controlPort: number };

export async function startMock(scratch: string): Promise<RunningMock> {
  const main = join(import.meta.dir, "mock.ts");
  const socket = join(scratch, "mock.sock");
  const child = track(
    Bun.spawn(pinToCores(HARNESS_CORES, [process.execPath, main, socket]), {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    }),
  );
  const announcement = JSON.parse(await readLine(child.stdout)) as Announcement;
  return {
    pid: announcement.pid,
    tcp: { host: "127.0.0.1", port: announcement.port, unix: null },
    unix: { host: "127.0.0.1", port: 0, unix: announcement.unix },
    controlPort: announcement.controlPort,
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function readLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (!text.includes("\n")) {
      const { done, value } = await reader.read();
      if (done) throw new Error("the mock ended before it said where it listens");
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    reader.releaseLock();
  }
  return text.slice(0, text.indexOf("\n"));
}
