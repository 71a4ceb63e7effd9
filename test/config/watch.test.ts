import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ConfigError } from "../../src/config/problem.ts";
import { ConfigWatcher, type WatchOptions } from "../../src/config/watch.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { until } from "../instruments/until.ts";
import { headerOf, DEFINITIONS, memoryFiles } from "./fixtures.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "llmux-watch-")));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** Replaces a file in one step, as careful editors do. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

const config = (count: number): string => `providers: { demo: { max_concurrent: ${count} } }\n`;

/** Far longer than any test: what is seen then was seen by a directory's watcher. */
const NO_POLL: WatchOptions = { pollMs: 3_600_000 };

async function follow(path: string, options: WatchOptions = NO_POLL) {
  const swaps: number[] = [];
  const errors: ConfigError[] = [];
  let unchanged = 0;
  const watcher = await ConfigWatcher.open(
    { path, definitions: DEFINITIONS, env: { KEY: "k" }, now: Date.now },
    {
      onSwap: (snapshot) => swaps.push(snapshot.generation),
      onError: (error) => errors.push(error),
      onUnchanged: () => unchanged++,
      ...options,
    },
  );
  cleanups.push(() => watcher.close());
  const maxConcurrent = (): number | null | undefined => watcher.current.providers.get("demo")?.maxConcurrent;
  return { watcher, swaps, errors, maxConcurrent, unchanged: () => unchanged };
}

describe("a config file that is followed", () => {
  test("is applied within a second of its change, without a poll", async () => {
    const path = write(join(makeFolder(), "config.yaml"), config(1));
    const { watcher, swaps, maxConcurrent } = await follow(path);
    const before = watcher.current;
    const changedAtMs = performance.now();
    writeFileSync(path, config(2));
    await until("the change is applied", () => maxConcurrent() === 2);
    // The promise itself: a bound of the product, ten times what it takes.
    expect(performance.now() - changedAtMs).toBeLessThan(1_000);
    expect(swaps).toEqual([2]);
    expect(before.providers.get("demo")?.maxConcurrent).toBe(1);
    expect(watcher.status()).toEqual({
      generation: 2,
      loadedAtMs: watcher.current.loadedAtMs,
      inSync: true,
      error: null,
    });
    expect(watcher.stats.reloads).toEqual({ success: 1, failure: 0 });
  });

  test("is followed through replacement by rename, again and again", async () => {
    const path = write(join(makeFolder(), "config.yaml"), config(1));
    const { maxConcurrent } = await follow(path);
    for (const count of [2, 3, 4]) {
      replace(path, config(count));
      await until(`generation with ${count}`, () => maxConcurrent() === count);
    }
  });

  test("keeps the last good snapshot when it breaks, says why once, and recovers", async () => {
    const path = write(join(makeFolder(), "config.yaml"), config(1));
    const { watcher, errors, swaps } = await follow(path, { ...NO_POLL, pollMs: 20 });
    const good = watcher.current;
    replace(path, "providers: { demo: { max_concurrent: none } }\n");
    await until("the error is seen", () => errors.length > 0);
    expect(watcher.current).toBe(good);
    expect(watcher.status()).toMatchObject({
      generation: 1,
      inSync: false,
      error: `${path}:1:38: providers.demo.max_concurrent: expected an integer between 1 and 1000000, got "none"`,
    });
    await watcher.reload("poll");
    await watcher.reload("poll");
    expect(errors).toHaveLength(1);
    expect(watcher.stats.reloads).toEqual({ success: 0, failure: 1 });

    replace(path, config(3));
    await until("the correction is applied", () => swaps.length === 1);
    expect(watcher.status()).toMatchObject({ generation: 2, inSync: true, error: null });
  });

  test("is in sync again when the old content comes back, without a new generation", async () => {
    const path = write(join(makeFolder(), "config.yaml"), config(1));
    const { watcher, errors, swaps } = await follow(path);
    replace(path, "broken: [");
    await until("the error is seen", () => errors.length > 0);
    replace(path, config(1));
    await until("it is in sync", () => watcher.status().inSync);
    expect(watcher.status().error).toBeNull();
    expect(swaps).toEqual([]);
  });

  test("half written, emptied and removed changes nothing until it is whole", async () => {
    const path = write(join(makeFolder(), "config.yaml"), config(1));
    const { watcher, maxConcurrent } = await follow(path);
    const steps: readonly (readonly [() => void, RegExp])[] = [
      [() => writeFileSync(path, "providers: { demo: { max_conc"), /expected valid YAML/],
      [() => writeFileSync(path, ""), /got an empty file/],
      [() => rmSync(path), /got nothing there \(ENOENT\)/],
    ];
    for (const [step, message] of steps) {
      step();
      await until(`the error ${message}`, () => message.test(watcher.status().error ?? ""));
      expect(maxConcurrent()).toBe(1);
    }
    write(path, config(5));
    await until("it is whole again", () => maxConcurrent() === 5);
    expect(watcher.status()).toMatchObject({ inSync: true, error: null });
  });

  test("is reloaded when asked, and says when there is nothing new", async () => {
    const path = write(join(makeFolder(), "config.yaml"), config(1));
    const { watcher, unchanged, swaps, errors } = await follow(path, { ...NO_POLL, watch: () => () => undefined });
    expect(await watcher.reload("sighup")).toEqual({ kind: "unchanged" });
    expect(unchanged()).toBe(1);
    replace(path, config(2));
    expect((await watcher.reload("sighup")).kind).toBe("swapped");
    replace(path, "x: 1\n");
    expect((await watcher.reload("sighup")).kind).toBe("failed");
    expect((await watcher.reload("sighup")).kind).toBe("failed");
    expect({ swaps, errors: errors.length, stats: watcher.stats }).toEqual({
      swaps: [2],
      errors: 2,
      stats: { reloads: { success: 1, failure: 2 } },
    });
  });

  test("is loaded once for reloads that are asked for at the same time", async () => {
    const path = write(join(makeFolder(), "config.yaml"), config(1));
    const { watcher } = await follow(path, { ...NO_POLL, watch: () => () => undefined });
    replace(path, config(2));
    const results = await Promise.all([watcher.reload("sighup"), watcher.reload("api"), watcher.reload("sighup")]);
    expect(results.map(({ kind }) => kind)).toEqual(["swapped", "unchanged", "unchanged"]);
    expect(watcher.current.generation).toBe(2);
  });

  test("keeps the listeners of the start, and says that they need a restart", async () => {
    const path = write(join(makeFolder(), "config.yaml"), `${config(1)}listen: { http: "127.0.0.1:1" }\n`);
    const { watcher } = await follow(path);
    replace(path, `${config(2)}listen: { http: "127.0.0.1:2", unix: null }\n`);
    await watcher.reload("sighup");
    expect(watcher.current.listen).toMatchObject({ http: { port: 1 }, unix: { mode: 0o660 } });
    expect(watcher.current.warnings).toEqual([
      "listen.unix has changed; it needs a restart to take effect.",
      "listen.http has changed; it needs a restart to take effect.",
    ]);
    expect(watcher.status().inSync).toBe(true);
    replace(path, `${config(3)}listen: { http: "127.0.0.1:1" }\n`);
    await watcher.reload("sighup");
    expect(watcher.current.warnings).toEqual([]);
  });

  test("is found through a symlink on the way that is swapped", async () => {
    const folder = makeFolder();
    write(join(folder, "releases", "1", "config.yaml"), config(1));
    write(join(folder, "releases", "2", "config.yaml"), config(2));
    symlinkSync("releases/1", join(folder, "current"));
    const { maxConcurrent } = await follow(join(folder, "current", "config.yaml"));
    symlinkSync("releases/2", join(folder, "next"));
    renameSync(join(folder, "next"), join(folder, "current"));
    await until("the swap is applied", () => maxConcurrent() === 2);
  });

  test("that cannot be used at the start is an error of the start", async () => {
    const path = write(join(makeFolder(), "config.yaml"), "x: 1\n");
    await expect(follow(path)).rejects.toBeInstanceOf(ConfigError);
  });
});

/** A mounted ConfigMap or Secret: files are symlinks into `..data`, which is a symlink that is swapped whole. */
function makeVolume(folder: string, files: Readonly<Record<string, string>>) {
  let version = 0;
  const publish = (contents: Readonly<Record<string, string>>): void => {
    const old = version === 0 ? null : join(folder, `..2026_${version}`);
    const name = `..2026_${++version}`;
    for (const [file, text] of Object.entries(contents)) {
      write(join(folder, name, file), text);
      if (old === null) symlinkSync(`..data/${file}`, join(folder, file));
    }
    symlinkSync(name, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    if (old !== null) rmSync(old, { recursive: true });
  };
  mkdirSync(folder, { recursive: true });
  publish(files);
  return publish;
}

describe("a mounted ConfigMap", () => {
  test("is followed as a directory through every swap of ..data", async () => {
    const folder = join(makeFolder(), "config");
    const publish = makeVolume(folder, { "a.yaml": config(1), "b.yaml": "log: { level: info }\n" });
    const { watcher, maxConcurrent, errors } = await follow(folder);
    for (const count of [2, 3, 4, 5]) {
      publish({ "a.yaml": config(count), "b.yaml": `log: { level: ${count % 2 === 0 ? "warn" : "info"} }\n` });
      await until(`generation with ${count}`, () => maxConcurrent() === count);
      expect(watcher.current.log.level).toBe(count % 2 === 0 ? "warn" : "info");
    }
    expect(watcher.status()).toMatchObject({ generation: 5, inSync: true, error: null });
    expect(errors).toEqual([]);
  });

  test("is followed as a single file too", async () => {
    const folder = join(makeFolder(), "config");
    const publish = makeVolume(folder, { "config.yaml": config(1) });
    const { maxConcurrent } = await follow(join(folder, "config.yaml"));
    for (const count of [2, 3]) {
      publish({ "config.yaml": config(count) });
      await until(`generation with ${count}`, () => maxConcurrent() === count);
    }
  });

  test("a secret's volume is followed, and so is one that a reload adds", async () => {
    const folder = makeFolder();
    const publishFirst = makeVolume(join(folder, "first"), { key: "one\n" });
    const publishSecond = makeVolume(join(folder, "second"), { key: "three\n" });
    const text = (name: string): string => `providers: { openai: { api_key: { file: ${folder}/${name}/key } } }\n`;
    const path = write(join(folder, "config", "config.yaml"), text("first"));
    const { watcher } = await follow(path);
    const key = (): string | undefined => headerOf(watcher.current.providers.get("openai"))?.value.reveal();
    expect(key()).toBe("Bearer one");
    publishFirst({ key: "two\n" });
    await until("the new key is there", () => key() === "Bearer two");
    replace(path, text("second"));
    await until("the other file is read", () => key() === "Bearer three");
    publishSecond({ key: "four\n" });
    await until("the other file is followed", () => key() === "Bearer four");
  });

  test("a secret that is missing is waited for", async () => {
    const folder = makeFolder();
    const path = write(join(folder, "config.yaml"), config(1));
    mkdirSync(join(folder, "secrets"));
    const { watcher, errors, swaps } = await follow(path);
    replace(path, `providers: { openai: { api_key: { file: secrets/key } } }\n`);
    await until("the error is seen", () => errors.length > 0);
    expect(watcher.status().error).toContain("ENOENT");
    write(join(folder, "secrets", "key"), "sk-example\n");
    await until("the secret is seen", () => swaps.length > 0);
    expect([...watcher.current.providers.keys()]).toEqual(["openai"]);
  });

  test("a directory that is replaced whole is followed on", async () => {
    const folder = join(makeFolder(), "config");
    write(join(folder, "a.yaml"), config(1));
    const { maxConcurrent, errors } = await follow(folder, { pollMs: 20 });
    rmSync(folder, { recursive: true });
    await until("it is missed", () => errors.length > 0);
    write(join(folder, "a.yaml"), config(2));
    await until("it is back", () => maxConcurrent() === 2);
    replace(join(folder, "a.yaml"), config(3));
    await until("it is followed", () => maxConcurrent() === 3);
  });

  test("a file that is added to a directory, or taken from it, counts", async () => {
    const folder = makeFolder();
    write(join(folder, "a.yaml"), config(1));
    const { watcher } = await follow(folder);
    write(join(folder, "b.yml"), "log: { level: debug }\n");
    await until("the new file counts", () => watcher.current.log.level === "debug");
    rmSync(join(folder, "b.yml"));
    await until("its end counts", () => watcher.current.log.level === "info");
  });
});

/** A watcher whose time and notifications the test makes. */
async function simulate(files: Record<string, string | null>, options: WatchOptions = {}) {
  const clock = new SimulatedClock();
  const watched = new Map<string, (name: string | null) => void>();
  let reads = 0;
  const access = memoryFiles(files);
  const counting = {
    ...access,
    read: (path: string, maxBytes: number) => {
      reads++;
      return access.read(path, maxBytes);
    },
  };
  const watcher = await ConfigWatcher.open(
    { path: "/etc/llmux/config.yaml", definitions: DEFINITIONS, env: {}, files: counting, now: () => clock.wallMs() },
    {
      clock,
      schedule: clock.schedule,
      watch: (directory, onChange) => {
        watched.set(directory, onChange);
        return () => void watched.delete(directory);
      },
      ...options,
    },
  );
  cleanups.push(() => watcher.close());
  const notify = (name: string | null = "config.yaml"): void => watched.get("/etc/llmux")?.(name);
  /** Lets looks that are under way come to their end. */
  const settle = async (): Promise<void> => {
    await watcher.reload("poll");
  };
  return { watcher, clock, watched, notify, settle, reads: () => reads };
}

describe("time", () => {
  const PATH = "/etc/llmux/config.yaml";

  test("a burst of changes is read once, 100 ms after its last", async () => {
    const files = { [PATH]: config(1) };
    const { watcher, clock, notify, reads } = await simulate(files);
    files[PATH] = config(2);
    for (const pauseMs of [50, 50, 50]) {
      notify();
      clock.advance(pauseMs);
    }
    const before = reads();
    clock.advance(49);
    expect(reads()).toBe(before);
    clock.advance(1);
    await until("the burst is read", () => watcher.current.generation === 2);
    expect(watcher.stats.reloads.success).toBe(1);
  });

  test("changes that never end cannot put it off beyond 500 ms", async () => {
    const files = { [PATH]: config(1) };
    const { watcher, clock, notify } = await simulate(files);
    files[PATH] = config(2);
    for (let elapsedMs = 0; elapsedMs < 510; elapsedMs += 30) {
      notify();
      clock.advance(30);
    }
    await until("it is read all the same", () => watcher.current.generation === 2);
  });

  test("files are looked at every 2 s when no notification comes", async () => {
    const files = { [PATH]: config(1) };
    const { watcher, clock } = await simulate(files);
    files[PATH] = config(2);
    clock.advance(1_999);
    expect(watcher.current.generation).toBe(1);
    clock.advance(1);
    await until("the poll sees it", () => watcher.current.generation === 2);
    files[PATH] = config(3);
    await until("the next poll is waiting", () => clock.pending > 0);
    clock.advance(2_000);
    await until("the next poll sees it", () => watcher.current.generation === 3);
  });

  test("a file that may no longer be read changes nothing", async () => {
    const files: Record<string, string | null> = { [PATH]: config(1) };
    const { watcher } = await simulate(files);
    files[PATH] = null;
    expect((await watcher.reload("sighup")).kind).toBe("failed");
    expect(watcher.status()).toMatchObject({
      generation: 1,
      inSync: false,
      error: `${PATH}: expected a file of at most 1048576 bytes, got no permission to read it (EACCES)`,
    });
    files[PATH] = config(1);
    expect((await watcher.reload("poll")).kind).toBe("unchanged");
    expect(watcher.status()).toMatchObject({ generation: 1, inSync: true, error: null });
  });

  test("names that are not the config's do not make it be read", async () => {
    const { clock, notify } = await simulate({ [PATH]: config(1) });
    const waiting = clock.pending;
    for (const name of ["other.txt", ".config.yaml.swp", "x"]) notify(name);
    expect(clock.pending).toBe(waiting);
    for (const name of ["config.yaml", "..data", null]) {
      notify(name);
      expect(clock.pending).toBe(waiting + 1);
    }
  });

  test("an unchanged file is not a new generation, whatever is notified", async () => {
    const { watcher, clock, notify, settle } = await simulate({ [PATH]: config(1) });
    notify();
    clock.advance(100);
    await settle();
    expect(watcher.current.generation).toBe(1);
    expect(watcher.stats.reloads).toEqual({ success: 0, failure: 0 });
  });

  test("files that change while they are read are read again", async () => {
    const files: Record<string, string> = { [PATH]: config(1) };
    const { watcher } = await simulate(files);
    files[PATH] = `providers: { openai: { api_key: { file: /key } } }\n`;
    let torn = true;
    Object.defineProperty(files, "/key", {
      enumerable: true,
      get: () => {
        // The first reader sees the old key, and everybody after it the new one.
        const value = torn ? "old" : "new";
        torn = false;
        return value;
      },
    });
    await watcher.reload("sighup");
    expect(headerOf(watcher.current.providers.get("openai"))?.value.reveal()).toBe("Bearer new");
    expect(watcher.current.generation).toBe(2);
  });

  test("a listener's mistake does not end the process, and shows", async () => {
    const files = { [PATH]: config(1) };
    const throwing = (): never => {
      throw new TypeError("a bug");
    };
    const { watcher } = await simulate(files, { onSwap: throwing, onError: throwing });
    files[PATH] = config(2);
    expect((await watcher.reload("sighup")).kind).toBe("failed");
    expect(watcher.current.generation).toBe(2);
    expect(watcher.status().error).toContain("an internal error: TypeError");
    expect((await watcher.reload("sighup")).kind).toBe("unchanged");
    expect(watcher.status().error).toBeNull();
  });

  test("closing ends every timer and watcher, and a look under way has no effect", async () => {
    const files = { [PATH]: config(1) };
    const { watcher, clock, watched, notify } = await simulate(files);
    expect(watched.size).toBeGreaterThan(0);
    notify();
    files[PATH] = config(2);
    const look = watcher.reload("sighup");
    watcher.close();
    expect(await look).toEqual({ kind: "unchanged" });
    expect({ pending: clock.pending, watched: watched.size, generation: watcher.current.generation }).toEqual({
      pending: 0,
      watched: 0,
      generation: 1,
    });
  });

  test("a directory that cannot be watched is left to the poll", async () => {
    const files = { [PATH]: config(1) };
    const { watcher, clock } = await simulate(files, {
      watch: () => {
        throw new Error("ENOSPC");
      },
    });
    files[PATH] = config(2);
    clock.advance(2_000);
    await until("the poll sees it", () => watcher.current.generation === 2);
  });

  test("without a config file there is nothing to follow", async () => {
    const clock = new SimulatedClock();
    const watcher = await ConfigWatcher.open(
      { path: null, definitions: DEFINITIONS, env: { OPENAI_API_KEY: "k" }, now: Date.now },
      { clock, schedule: clock.schedule },
    );
    expect(clock.pending).toBe(0);
    expect(await watcher.reload("sighup")).toEqual({ kind: "unchanged" });
    expect(watcher.status()).toMatchObject({ generation: 1, inSync: true, error: null });
    watcher.close();
  });
});
