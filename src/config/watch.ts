/**
 * Keeps the running config in line with the files. Changes are noticed by watching directories, by a poll of the
 * content's hash, and by `reload`; everything is read, checked and compiled aside, then one assignment swaps
 * `current`. Whatever goes wrong, the last good snapshot stays.
 *
 *   const watcher = await ConfigWatcher.open({ path, definitions, env, now: Date.now }, { onSwap, onError });
 *   watcher.current; watcher.status(); watcher.stats; await watcher.reload("sighup"); watcher.close();
 *
 * `open` throws ConfigError when the first load fails; nothing later throws.
 */
import { join } from "node:path";
import { type Clock, type Cancel, type Schedule, scheduleTimeout, systemClock } from "../lib/clock.ts";
import type { CompiledSnapshot } from "./compile.ts";
import { fingerprint, loadConfig, type LoadedConfig, type LoadOptions } from "./load.ts";
import { ConfigError, type Followed } from "./problem.ts";
import { realFiles } from "./read-files.ts";
import { findWatchedPlaces, isConfigName } from "./sources.ts";
import { DirectoryWatchers, type WatchDirectory, watchDirectory } from "./watch-directories.ts";

export type ReloadCause = "watch" | "poll" | "sighup" | "api";

/** What one look at the files led to. */
export type ReloadResult =
  | { readonly kind: "swapped"; readonly snapshot: CompiledSnapshot }
  | { readonly kind: "unchanged" }
  | { readonly kind: "failed"; readonly error: ConfigError };

export type ConfigStatus = {
  readonly generation: number;
  readonly loadedAtMs: number;
  /** Whether the files on disk were, when last looked at, the ones that run. */
  readonly inSync: boolean;
  /** What is wrong with the files on disk; null when nothing is. */
  readonly error: string | null;
};

export type WatchOptions = {
  /** One assignment has been made; `previous` may still be used by exchanges in flight. */
  readonly onSwap?: (snapshot: CompiledSnapshot, previous: CompiledSnapshot, cause: ReloadCause) => void;
  /** The files on disk cannot be used; called once per content. */
  readonly onError?: (error: ConfigError, cause: ReloadCause) => void;
  /** Somebody asked for a reload and there was nothing new. */
  readonly onUnchanged?: (cause: ReloadCause) => void;
  readonly pollMs?: number;
  /** Quiet time after a change before the files are read. */
  readonly debounceMs?: number;
  /** Files that keep changing are read after this time all the same. */
  readonly maxWaitMs?: number;
  readonly clock?: Clock;
  readonly schedule?: Schedule;
  readonly watch?: WatchDirectory;
};

const POLL_MS = 2_000;
const DEBOUNCE_MS = 100;
const MAX_WAIT_MS = 500;
/** Files that change while they are read are read again this often, then left to the next notice. */
const MAX_READS = 3;

/** The running config and what keeps it current; owns its watchers and timers until `close`. */
export class ConfigWatcher {
  readonly stats = { reloads: { success: 0, failure: 0 } };
  #current: CompiledSnapshot;
  #secretPaths: readonly string[];
  #failed: { readonly followed: Followed | null; readonly error: ConfigError } | null = null;
  #isInSync = true;
  #isClosed = false;
  #queue: Promise<unknown> = Promise.resolve();
  #poll: Cancel | null = null;
  #debounce: Cancel | null = null;
  /** When the first change of a burst was noticed. */
  #burstStartMs: number | null = null;
  readonly #load: LoadOptions;
  readonly #options: WatchOptions;
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #watchers: DirectoryWatchers;

  /** Loads the config and begins to follow it; throws ConfigError when it cannot be used. */
  static async open(load: Omit<LoadOptions, "generation">, options: WatchOptions = {}): Promise<ConfigWatcher> {
    const first = { ...load, generation: 1 };
    const watcher = new ConfigWatcher(await loadConfig(first), first, options);
    await watcher.#follow(true);
    watcher.#startPoll();
    return watcher;
  }

  private constructor(loaded: LoadedConfig, load: LoadOptions, options: WatchOptions) {
    this.#current = loaded.snapshot;
    this.#secretPaths = loaded.secretPaths;
    this.#load = load;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#schedule = options.schedule ?? scheduleTimeout;
    this.#watchers = new DirectoryWatchers(options.watch ?? watchDirectory, () => this.#noticeChange());
  }

  /** The snapshot that runs; exchanges keep the one they began with. */
  get current(): CompiledSnapshot {
    return this.#current;
  }

  status(): ConfigStatus {
    return {
      generation: this.#current.generation,
      loadedAtMs: this.#current.loadedAtMs,
      inSync: this.#isInSync,
      error: this.#failed?.error.message ?? null,
    };
  }

  /** Looks at the files now; never throws. Looks are made one after another. */
  reload(cause: ReloadCause): Promise<ReloadResult> {
    const look = this.#queue.then(() => this.#lookAtFiles(cause));
    this.#queue = look;
    return look;
  }

  /** Ends every watcher and timer; a look that is under way ends without effect. */
  close(): void {
    this.#isClosed = true;
    this.#poll?.();
    this.#debounce?.();
    this.#poll = null;
    this.#debounce = null;
    this.#watchers.close();
  }

  #startPoll(): void {
    if (this.#isClosed || this.#load.path === null) return;
    this.#poll = this.#schedule(this.#options.pollMs ?? POLL_MS, () => {
      // The next wait begins when this look is over: a slow disk must not pile up looks.
      void this.reload("poll").finally(() => this.#startPoll());
    });
  }

  #noticeChange(): void {
    if (this.#isClosed) return;
    const nowMs = this.#clock.nowMs();
    this.#burstStartMs ??= nowMs;
    const latestMs = this.#burstStartMs + (this.#options.maxWaitMs ?? MAX_WAIT_MS);
    const delayMs = Math.max(0, Math.min(this.#options.debounceMs ?? DEBOUNCE_MS, latestMs - nowMs));
    this.#debounce?.();
    this.#debounce = this.#schedule(delayMs, () => {
      this.#debounce = null;
      this.#burstStartMs = null;
      void this.reload("watch");
    });
  }

  async #lookAtFiles(cause: ReloadCause): Promise<ReloadResult> {
    try {
      return await this.#tryToLoad(cause);
    } catch (error) {
      // A bug in the loading itself must not end the process out of a timer; it is shown like a bad config.
      const message = `expected the config to be readable, got an internal error: ${error instanceof Error ? error.name : "unknown"}`;
      const problem = { file: this.#load.path ?? "environment", line: 0, column: 0, path: "", message };
      return await this.#fail(new ConfigError([problem]), cause);
    }
  }

  async #tryToLoad(cause: ReloadCause): Promise<ReloadResult> {
    const isAsked = cause === "sighup" || cause === "api";
    const onDisk = await fingerprint(this.#load, this.#secretPaths);
    if (this.#isClosed) return { kind: "unchanged" };
    if (onDisk === this.#current.contentHash) {
      const wasFailing = this.#failed !== null;
      this.#isInSync = true;
      this.#failed = null;
      await this.#follow(cause !== "poll" || wasFailing);
      if (isAsked || wasFailing) this.#options.onUnchanged?.(cause);
      return { kind: "unchanged" };
    }
    this.#isInSync = false;
    const failed = this.#failed;
    if (!isAsked && failed?.followed) {
      // The same broken content as before: said once, not at every poll.
      const broken = await fingerprint(this.#load, failed.followed.secretPaths);
      if (broken === failed.followed.contentHash) return { kind: "failed", error: failed.error };
    }
    let loaded: LoadedConfig;
    try {
      loaded = await this.#loadStable();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return await this.#fail(error, cause);
    }
    if (this.#isClosed) return { kind: "unchanged" };
    const previous = this.#current;
    const snapshot = keepListeners(loaded.snapshot, previous);
    this.#current = snapshot;
    this.#secretPaths = loaded.secretPaths;
    this.#isInSync = true;
    this.#failed = null;
    this.stats.reloads.success++;
    this.#options.onSwap?.(snapshot, previous, cause);
    await this.#follow(true);
    return { kind: "swapped", snapshot };
  }

  /** Loads until the files did not change while they were read: a swapped directory is never mixed with its successor. */
  async #loadStable(): Promise<LoadedConfig> {
    const options = { ...this.#load, generation: this.#current.generation + 1 };
    for (let read = 1; ; read++) {
      let loaded: LoadedConfig | ConfigError;
      try {
        loaded = await loadConfig(options);
      } catch (error) {
        if (!(error instanceof ConfigError) || error.followed === null) throw error;
        loaded = error;
      }
      const followed =
        loaded instanceof ConfigError
          ? (loaded.followed as Followed)
          : { contentHash: loaded.snapshot.contentHash, secretPaths: loaded.secretPaths };
      const isStable = (await fingerprint(options, followed.secretPaths)) === followed.contentHash;
      if (isStable || read >= MAX_READS) {
        if (!isStable) this.#noticeChange();
        if (loaded instanceof ConfigError) throw loaded;
        return loaded;
      }
    }
  }

  async #fail(error: ConfigError, cause: ReloadCause): Promise<ReloadResult> {
    if (this.#isClosed) return { kind: "unchanged" };
    this.#isInSync = false;
    this.#failed = { followed: error.followed, error };
    this.stats.reloads.failure++;
    try {
      this.#options.onError?.(error, cause);
    } catch {
      // A listener's bug must not end the process out of a timer; `status` still shows what is wrong.
    }
    await this.#follow(true);
    return { kind: "failed", error };
  }

  /** Watches where the running config and the one that failed stand now. */
  async #follow(isAnew: boolean): Promise<void> {
    const { path } = this.#load;
    if (path === null) return;
    const files = this.#load.files ?? realFiles;
    const paths = [path, ...this.#secretPaths, ...(this.#failed?.followed?.secretPaths ?? [])];
    try {
      const names = (await files.kindOf(path)) === "directory" ? await files.list(path) : [];
      paths.push(...names.filter(isConfigName).map((name) => join(path, name)));
    } catch {
      // Gone or forbidden for the moment: the directory around it is watched.
    }
    const places = await findWatchedPlaces([...new Set(paths)], files);
    if (this.#isClosed) return;
    this.#watchers.set(places, isAnew);
    if (!isAnew) return;
    // A notification on its way to a watcher that was just ended is lost, and a new one knows nothing of before.
    const running = { contentHash: this.#current.contentHash, secretPaths: this.#secretPaths };
    const seen = this.#failed === null ? running : this.#failed.followed;
    if (seen === null) return;
    if ((await fingerprint(this.#load, seen.secretPaths)) !== seen.contentHash) this.#noticeChange();
  }
}

/** Listeners cannot move while the process runs: the new snapshot keeps the old addresses and says so. */
function keepListeners(snapshot: CompiledSnapshot, previous: CompiledSnapshot): CompiledSnapshot {
  const changed = (["unix", "http", "ops"] as const).filter(
    (name) => JSON.stringify(snapshot.listen[name]) !== JSON.stringify(previous.listen[name]),
  );
  if (changed.length === 0) return snapshot;
  const warnings = changed.map((name) => `listen.${name} has changed; it needs a restart to take effect.`);
  return { ...snapshot, listen: previous.listen, warnings: [...snapshot.warnings, ...warnings] };
}
