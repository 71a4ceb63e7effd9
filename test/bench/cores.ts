/** Which core runs what: the proxy alone on the first, everything else of the bench on the others. */
import { cpus } from "node:os";

export const PROXY_CORE = 0;

/** A taskset list; on a machine of one core there is nothing to separate. */
export const HARNESS_CORES: string = cpus().length > 1 ? `1-${cpus().length - 1}` : "0";

/** The command, tied to cores with all the threads it will start; plainly where taskset is missing. */
export function pinToCores(cores: string, command: readonly string[]): string[] {
  const taskset = Bun.which("taskset");
  return taskset === null ? [...command] : [taskset, "-c", cores, ...command];
}
