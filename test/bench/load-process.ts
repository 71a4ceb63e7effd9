/** Runs one job in a load generator process of its own. */
import { join } from "node:path";
import { track } from "./children.ts";
import { HARNESS_CORES, pinToCores } from "./cores.ts";
import type { Job, ResultOf } from "./jobs.ts";

const JOB_DEADLINE_MS = 180_000;

export async function runJobInProcess<J extends Job>(job: J): Promise<ResultOf<J["kind"]>> {
  const main = join(import.meta.dir, "load", "main.ts");
  const child = track(
    Bun.spawn(pinToCores(HARNESS_CORES, [process.execPath, main, JSON.stringify(job)]), {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: JOB_DEADLINE_MS,
    }),
  );
  const [text, complaints] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (child.exitCode !== 0) {
    throw new Error(`the ${job.kind} job ended with ${child.exitCode ?? child.signalCode}: ${complaints.slice(-500)}`);
  }
  return JSON.parse(text) as ResultOf<J["kind"]>;
}
