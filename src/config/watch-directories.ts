import { type FSWatcher, watch } from "node:fs";

/** Calls back with the name of what changed in a directory, where the system says it. Throws when it cannot watch. */
export type WatchDirectory = (directory: string, onChange: (name: string | null) => void) => () => void;

/**
 * The system's own notifications. The directory is watched, never the file: watching a file goes silent after the
 * first swap of a ConfigMap's `..data` (BUN.md).
 */
export const watchDirectory: WatchDirectory = (directory, onChange) => {
  const watcher: FSWatcher = watch(directory, { persistent: false }, (_event, name) => onChange(name));
  // A directory that goes away ends its watcher with an error; the look that follows watches anew.
  watcher.on("error", () => onChange(null));
  return () => watcher.close();
};

/** Where changes show, and the names that matter there. */
export type WatchedPlaces = { readonly directories: ReadonlySet<string>; readonly names: ReadonlySet<string> };

/** More directories than this are left to the poll. */
const MAX_DIRECTORIES = 64;

/** The directories being watched right now; brought in line with what a config needs, and ended with `close`. */
export class DirectoryWatchers {
  readonly #watch: WatchDirectory;
  readonly #onChange: () => void;
  readonly #open = new Map<string, () => void>();
  #names: ReadonlySet<string> = new Set();

  constructor(watch: WatchDirectory, onChange: () => void) {
    this.#watch = watch;
    this.#onChange = onChange;
  }

  get directories(): readonly string[] {
    return [...this.#open.keys()];
  }

  /**
   * Watches exactly these from now on; one that cannot be watched is left to the poll, and tried again next time.
   * `isAnew` replaces the watchers that are there: a directory that was replaced keeps its name, but its old watcher
   * sees nothing of the new one. The old one is ended after the new one stands, so that no change falls in between.
   */
  set(places: WatchedPlaces, isAnew: boolean): void {
    this.#names = places.names;
    for (const [directory, end] of this.#open) {
      if (places.directories.has(directory)) continue;
      this.#open.delete(directory);
      end();
    }
    for (const directory of places.directories) {
      const endOld = this.#open.get(directory);
      if (endOld === undefined ? this.#open.size >= MAX_DIRECTORIES : !isAnew) continue;
      this.#open.delete(directory);
      try {
        this.#open.set(
          directory,
          this.#watch(directory, (name) => this.#notice(name)),
        );
      } catch {
        // Gone, forbidden, or out of watches (inotify's limit): the poll still sees every change.
      }
      endOld?.();
    }
  }

  close(): void {
    for (const end of this.#open.values()) end();
    this.#open.clear();
  }

  /** A busy directory (/tmp, /run) must not make the config be read for every file that comes and goes there. */
  #notice(name: string | null): void {
    const matters = name === null || name.startsWith("..") || /\.ya?ml$/.test(name) || this.#names.has(name);
    if (matters) this.#onChange();
  }
}
