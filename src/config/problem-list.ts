import { type ConfigProblem, formatPath, MAX_PROBLEMS, type Path, pathKey, type Position } from "./problem.ts";

/** Where a key and its value stand. */
export type Place = { readonly key: Position; readonly value: Position };

/** Where everything in the merged config came from. */
export type Places = Map<string, Place>;

/** Problems held before they are sorted: a file of nothing but mistakes must not fill the memory. */
const MAX_KEPT = 1_000;

/** Collects problems with their places: one per path, none below a value whose form is already wrong. */
export class ProblemList {
  readonly places: Places;
  /** Named when nothing nearer is known. */
  readonly fallback: Position;
  readonly #problems: ConfigProblem[] = [];
  #unkept = 0;
  readonly #paths = new Map<string, { readonly path: Path; readonly isStructural: boolean }>();

  constructor(places: Places, fallbackFile: string) {
    this.places = places;
    this.fallback = { file: fallbackFile, line: 0, column: 0 };
  }

  get isEmpty(): boolean {
    return this.#problems.length === 0;
  }

  /** Every path with a problem, for leaving those entries out of further checks. */
  paths(): readonly Path[] {
    return [...this.#paths.values()].map((entry) => entry.path);
  }

  /** A problem with the value at a path, or with its key. */
  add(
    path: Path,
    message: string,
    options: { readonly at?: "key" | "value"; readonly isStructural?: boolean } = {},
  ): void {
    if (this.has(path)) return;
    if (this.#paths.size < MAX_KEPT)
      this.#paths.set(pathKey(path), { path, isStructural: options.isStructural ?? false });
    this.addAt(this.placeOf(path, options.at ?? "value"), message, path);
  }

  /** A problem at a position, for what has no place in the merged config. */
  addAt(position: Position, message: string, path: Path = []): void {
    if (this.#problems.length >= MAX_KEPT) this.#unkept++;
    else this.#problems.push({ ...position, path: formatPath(path), message });
  }

  /** Whether this path, or the form of something around it, was already complained about. */
  has(path: Path): boolean {
    if (this.#paths.has(pathKey(path))) return true;
    for (let length = path.length - 1; length >= 0; length--) {
      if (this.#paths.get(pathKey(path.slice(0, length)))?.isStructural === true) return true;
    }
    return false;
  }

  /** The nearest known position: the value's own, or the key of what should have held it. */
  placeOf(path: Path, at: "key" | "value"): Position {
    const own = this.places.get(pathKey(path));
    if (own !== undefined) return own[at];
    for (let length = path.length - 1; length >= 0; length--) {
      const around = this.places.get(pathKey(path.slice(0, length)));
      if (around !== undefined) return around.key;
    }
    return this.fallback;
  }

  /** In the order of the files, bounded. */
  sorted(): readonly ConfigProblem[] {
    const sorted = this.#problems.toSorted(
      (a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column,
    );
    if (sorted.length <= MAX_PROBLEMS) return sorted;
    const rest = sorted.length - MAX_PROBLEMS + 1 + this.#unkept;
    return [
      ...sorted.slice(0, MAX_PROBLEMS - 1),
      { ...this.fallback, path: "", message: `${rest} more problems are not shown` },
    ];
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
