/** What was checked, what passed, and why the rest did not. */
import type { DialectId } from "../../../src/dialect/neutral.ts";

/** What one check asks. */
export type CheckKind =
  /** No throw. */
  | "read"
  /** What the reader says is what the oracle says. */
  | "honest"
  | "same"
  | "usage"
  | "across"
  /** The six chunkings give the same events. */
  | "chunkings"
  /** Events come in the order that neutral.ts promises. */
  | "order";
export type Subject = "answer" | "stream" | "request" | "error" | "embed" | "rerank" | "count";

export type Cell = {
  readonly subject: Subject;
  readonly kind: CheckKind;
  readonly from: DialectId;
  readonly to: DialectId;
  passed: number;
  total: number;
};

export type Miss = {
  readonly subject: Subject;
  readonly kind: CheckKind;
  readonly from: DialectId;
  readonly to: DialectId;
  readonly reason: string;
  count: number;
  /** The first few, with what came. */
  readonly examples: string[];
};

/** Examples kept of each reason. */
const MAX_EXAMPLES = 12;

/** One reason of one record; `detail` is for the example. */
export type Finding = { readonly reason: string; readonly detail: string };

export class Tally {
  readonly #cells = new Map<string, Cell>();
  readonly #misses = new Map<string, Miss>();
  /** What is lost because the target has no place for it: reason → records. */
  readonly #losses = new Map<string, number>();
  /** Records that were not checked: reason → how many. */
  readonly skipped = new Map<string, number>();

  /** One record's check; it passed when there are no findings. */
  add(
    subject: Subject,
    kind: CheckKind,
    from: DialectId,
    to: DialectId,
    id: string,
    findings: readonly Finding[],
  ): void {
    const key = `${subject} ${kind} ${from} ${to}`;
    let cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, (cell = { subject, kind, from, to, passed: 0, total: 0 }));
    cell.total += 1;
    if (findings.length === 0) cell.passed += 1;
    const seen = new Set<string>();
    for (const { reason, detail } of findings) {
      if (seen.has(reason)) continue;
      seen.add(reason);
      const place = `${key} ${reason}`;
      let miss = this.#misses.get(place);
      if (miss === undefined) {
        this.#misses.set(place, (miss = { subject, kind, from, to, reason, count: 0, examples: [] }));
      }
      miss.count += 1;
      if (miss.examples.length < MAX_EXAMPLES) miss.examples.push(`${id}: ${detail}`);
    }
  }

  /** Something that a target cannot say. */
  lose(to: DialectId, what: string): void {
    const key = `${to}: ${what}`;
    this.#losses.set(key, (this.#losses.get(key) ?? 0) + 1);
  }

  skip(reason: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
  }

  get cells(): readonly Cell[] {
    return [...this.#cells.values()];
  }

  get losses(): ReadonlyMap<string, number> {
    return this.#losses;
  }

  /** Most frequent first. */
  get misses(): readonly Miss[] {
    return [...this.#misses.values()].toSorted((a, b) => b.count - a.count);
  }

  /** Passed and total of everything that matches. */
  sum(matches: (cell: Cell) => boolean): { passed: number; total: number } {
    let passed = 0;
    let total = 0;
    for (const cell of this.#cells.values()) {
      if (!matches(cell)) continue;
      passed += cell.passed;
      total += cell.total;
    }
    return { passed, total };
  }

  /** Takes in another's counts. */
  merge(other: Tally): void {
    for (const cell of other.cells) {
      const key = `${cell.subject} ${cell.kind} ${cell.from} ${cell.to}`;
      const own = this.#cells.get(key);
      if (own === undefined) this.#cells.set(key, { ...cell });
      else {
        own.passed += cell.passed;
        own.total += cell.total;
      }
    }
    for (const miss of other.misses) {
      const key = `${miss.subject} ${miss.kind} ${miss.from} ${miss.to} ${miss.reason}`;
      const own = this.#misses.get(key);
      if (own === undefined) this.#misses.set(key, { ...miss, examples: [...miss.examples] });
      else {
        own.count += miss.count;
        own.examples.push(...miss.examples.slice(0, MAX_EXAMPLES - own.examples.length));
      }
    }
    for (const [key, count] of other.losses) this.#losses.set(key, (this.#losses.get(key) ?? 0) + count);
    for (const [key, count] of other.skipped) this.skipped.set(key, (this.skipped.get(key) ?? 0) + count);
  }
}
