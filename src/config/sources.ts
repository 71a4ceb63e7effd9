/** Reads the bytes that shape a config: its files, and the files its secrets stand in. */
import { createHash } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { errorCode, type FileAccess } from "./read-files.ts";

/** A file's bytes, or the system's word for why there are none. */
export type ReadResult =
  | { readonly kind: "read"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly path: string; readonly code: string };

export type ConfigSources = {
  readonly isDirectory: boolean;
  readonly results: readonly ReadResult[];
  /** Why there is nothing at all; null when there are files. */
  readonly problem: string | null;
};

export const MAX_FILE_BYTES = 1_048_576;
export const MAX_FILES = 256;

/** The YAML files of a config, sorted. Names that start with a dot are skipped: a ConfigMap keeps its versions there. */
export async function readConfigSources(path: string, files: FileAccess): Promise<ConfigSources> {
  const none = (problem: string): ConfigSources => ({ isDirectory: false, results: [], problem });
  try {
    const kind = await files.kindOf(path);
    if (kind === "other") return none("expected a file or a directory, got something else");
    if (kind === "file") return { isDirectory: false, results: [await readBytes(path, files)], problem: null };
    const names = (await files.list(path)).filter(isConfigName).toSorted();
    if (names.length === 0) return none("expected *.yaml files in the directory, got none");
    if (names.length > MAX_FILES)
      return none(`expected at most ${MAX_FILES} *.yaml files in the directory, got ${names.length}`);
    const results: ReadResult[] = [];
    for (const name of names) results.push(await readBytes(join(path, name), files));
    return { isDirectory: true, results, problem: null };
  } catch (error) {
    // Not there, or not allowed to look: the caller reports it like any other problem.
    return none(`expected a file or a directory, got ${describeCode(errorCode(error))}`);
  }
}

/** Whether a file of this name in a directory belongs to the config. */
export function isConfigName(name: string): boolean {
  return !name.startsWith(".") && /\.ya?ml$/.test(name);
}

/** One file's bytes; a failure is a value, because the caller goes on to report everything else as well. */
export async function readBytes(path: string, files: FileAccess): Promise<ReadResult> {
  try {
    if ((await files.kindOf(path)) !== "file") return { kind: "failed", path, code: "EINVAL" };
    return { kind: "read", path, bytes: await files.read(path, MAX_FILE_BYTES) };
  } catch (error) {
    // Whatever the system said becomes part of the result, and of the content's hash.
    return { kind: "failed", path, code: errorCode(error) };
  }
}

/** One hash over everything that was read, in any order; a file that cannot be read counts by its failure. */
export function hashResults(results: readonly ReadResult[]): string {
  const hash = createHash("sha256");
  const seen = new Set<string>();
  for (const result of results.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
    if (seen.has(result.path)) continue;
    seen.add(result.path);
    const length = result.kind === "read" ? String(result.bytes.length) : result.code;
    hash.update(`${result.path}\0${length}\0`);
    if (result.kind === "read") hash.update(result.bytes);
  }
  return hash.digest("hex");
}

/** The system's word in ours. */
export function describeCode(code: string): string {
  switch (code) {
    case "ENOENT":
      return "nothing there (ENOENT)";
    case "EACCES":
    case "EPERM":
      return `no permission to read it (${code})`;
    case "EFBIG":
      return `more than ${MAX_FILE_BYTES} bytes`;
    case "EINVAL":
    case "EISDIR":
      return "something that is not a regular file";
    case "ELOOP":
      return "a loop of symlinks (ELOOP)";
    default:
      return `an error (${code})`;
  }
}

/** Bytes as text: strict UTF-8, without a byte order mark; null when they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Not UTF-8: the caller says which file.
    return null;
  }
}

/**
 * Directories in which a change of these paths shows: their own, those their symlinks lead to, and those that hold a
 * symlink on the way (`/etc/app/current/config.yaml` changes when `current` is swapped).
 */
export async function findWatchedPlaces(
  paths: readonly string[],
  files: FileAccess,
): Promise<{ readonly directories: ReadonlySet<string>; readonly names: ReadonlySet<string> }> {
  const directories = new Set<string>();
  const names = new Set<string>();
  const resolved = new Map<string, Promise<string | null>>();
  // Null while something is not there; its directory as named is watched all the same.
  const resolvePath = (path: string): Promise<string | null> => {
    const known = resolved.get(path) ?? files.resolve(path).catch(() => null);
    resolved.set(path, known);
    return known;
  };
  const follow = (path: string): void => {
    directories.add(dirname(path));
    names.add(basename(path));
  };
  for (const path of paths) {
    follow(path);
    const real = await resolvePath(path);
    if (real !== null) follow(real);
    for (let part = resolve(path); dirname(part) !== part; part = dirname(part)) {
      const [realPart, realParent] = [await resolvePath(part), await resolvePath(dirname(part))];
      if (realPart === null || realParent === null || realPart === join(realParent, basename(part))) continue;
      follow(part);
    }
  }
  return { directories, names };
}
