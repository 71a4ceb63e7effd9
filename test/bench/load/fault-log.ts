import type { Faults } from "../jobs.ts";

const MAX_EXAMPLES = 5;

/** Counts what went wrong and keeps the first few sentences; a run with any fault is invalid. */
export class FaultLog {
  #count = 0;
  readonly #examples: string[] = [];

  add(message: string): void {
    this.#count += 1;
    if (this.#examples.length < MAX_EXAMPLES) this.#examples.push(message);
  }

  get count(): number {
    return this.#count;
  }

  summarize(): Faults {
    return { count: this.#count, examples: this.#examples };
  }
}
