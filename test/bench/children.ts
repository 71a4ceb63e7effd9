/** Every process the bench has started and not yet seen end, so that an interrupted run leaves none behind. */
import type { Subprocess } from "bun";

const running = new Set<Subprocess>();

export function track<T extends Subprocess>(child: T): T {
  running.add(child);
  void child.exited.then(() => running.delete(child));
  return child;
}

/** On SIGINT and SIGTERM: ends what runs, by its own pid each, and then this process. */
export function endChildrenOnSignals(): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.on(signal, () => {
      for (const child of running) child.kill("SIGKILL");
      process.exit(code);
    });
  }
}
