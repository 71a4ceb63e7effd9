/** Looks into JSON of unknown shape, for tests that check what came over the wire. */

/** The value at a path; undefined where any step of it is not there. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found: unknown = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

/** An array as it is, anything else as none. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** A text as it is, anything else as "". */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Whether a value is there and not null. */
export function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}
