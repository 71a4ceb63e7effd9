/** Where something stands in a config file; line and column count from 1, line 0 means the file as a whole. */
export type Position = { readonly file: string; readonly line: number; readonly column: number };

/** Keys and list indexes from the root to a value. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with a config, for people and for machines. */
export type ConfigProblem = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** As in `models.gpt-4o.deployments[0].provider`; "" when the problem is not about one key. */
  readonly path: string;
  /** What was expected and what came; never a secret. */
  readonly message: string;
};

/** Problems shown at once: enough to fix a file in one go, bounded for a file that is not a config at all. */
export const MAX_PROBLEMS = 50;

/** What a failed load looked at, so that a watcher can tell whether anything has changed since. */
export type Followed = { readonly contentHash: string; readonly secretPaths: readonly string[] };

/** A config that cannot be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];
  /** Null when reading did not get as far as the contents. */
  readonly followed: Followed | null;

  constructor(problems: readonly ConfigProblem[], followed: Followed | null = null) {
    super(formatProblems(problems));
    this.problems = problems;
    this.followed = followed;
  }
}

/** A path as people write it: `models["local/*"].deployments[0].provider`. */
export function formatPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z0-9_-]{1,100}$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(shorten(part, 100))}]`;
  }
  return text;
}

/** One problem as one line: `config.yaml:12:7: models.gpt-4o.retries: expected …, got …`. */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
  return problem.path === "" ? `${place}: ${problem.message}` : `${place}: ${problem.path}: ${problem.message}`;
}

/** All problems, one line each. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems.map(formatProblem).join("\n");
}

/** Cuts a text that came from outside, so that no message is longer than a line. */
export function shorten(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}

/** The key under which a path stands in a map. */
export function pathKey(path: Path): string {
  return JSON.stringify(path);
}
