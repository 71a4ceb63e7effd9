/** Starts and stops a proxy under test, on its own core, its output in files beside its config. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { track } from "./children.ts";
import { PROXY_CORE, pinToCores } from "./cores.ts";
import { pollReady } from "./ready.ts";
import type { Prepared, Subject, SubjectName, Upstream } from "./subjects/subject.ts";

export type RunningProxy = {
  readonly name: SubjectName;
  readonly pid: number;
  readonly prepared: Prepared;
  /** Exec → first 200. */
  readonly readyMs: number;
  stop(): Promise<void>;
};

const READY_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 5000;
let started = 0;

export async function startProxy(subject: Subject, scratch: string, upstream: Upstream): Promise<RunningProxy> {
  started += 1;
  const directory = join(scratch, `${subject.name}-${started}`);
  await mkdir(directory, { recursive: true });
  const prepared = await subject.prepare(directory, upstream);
  const output = Bun.file(join(directory, "stdout.log"));
  const complaints = Bun.file(join(directory, "stderr.log"));
  const spawnedMs = performance.now();
  const child = track(
    Bun.spawn(pinToCores(String(PROXY_CORE), prepared.command), {
      cwd: directory,
      env: { PATH: process.env["PATH"] ?? "", HOME: directory, TMPDIR: directory, ...prepared.environment },
      stdin: "ignore",
      stdout: output,
      stderr: complaints,
    }),
  );

  async function stop(): Promise<void> {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
    await child.exited;
    clearTimeout(timer);
    await rm(directory, { recursive: true, force: true });
  }

  const isReady = await pollReady(prepared.ready, READY_DEADLINE_MS, () => child.exitCode === null);
  const readyMs = performance.now() - spawnedMs;
  if (!isReady) {
    const said = (await complaints.text()) || (await output.text());
    await stop();
    throw new Error(`${subject.name} was not ready after ${Math.round(readyMs)} ms; it said: ${said.slice(-500)}`);
  }
  return { name: subject.name, pid: child.pid, prepared, readyMs, stop };
}
