import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSnapshot } from "../../src/config/load.ts";
import { realFiles } from "../../src/config/read-files.ts";
import { findWatchedPlaces, hashResults, readBytes, readConfigSources } from "../../src/config/sources.ts";
import { DEFINITIONS, problemsIn } from "./fixtures.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "llmux-sources-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the real file system", () => {
  test("a file is read whole, whatever its length, and not beyond the bound", async () => {
    const path = join(folder, "long");
    for (const length of [0, 1, 8_191, 8_192, 8_193, 100_000]) {
      writeFileSync(path, "x".repeat(length));
      expect((await realFiles.read(path, 100_000)).length).toBe(length);
    }
    await expect(realFiles.read(path, 99_999)).rejects.toThrow(RangeError);
  });

  test("a file that the system calls empty is read all the same", async () => {
    if (process.platform !== "linux") return;
    expect((await realFiles.read("/proc/self/status", 1_048_576)).length).toBeGreaterThan(0);
  });

  test("what is not a regular file is not opened: a FIFO would hold the reader for ever", async () => {
    const path = join(folder, "pipe.yaml");
    expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
    expect(await readBytes(path, realFiles)).toEqual({ kind: "failed", path, code: "EINVAL" });
    expect((await readConfigSources(path, realFiles)).problem).toBe(
      "expected a file or a directory, got something else",
    );
    rmSync(path);
  });

  test("a directory with the name of a YAML file is a problem, not a crash", async () => {
    const directory = join(folder, "odd");
    mkdirSync(join(directory, "a.yaml"), { recursive: true });
    const load = () =>
      loadSnapshot({ path: directory, definitions: DEFINITIONS, env: {}, generation: 1, now: () => 0 });
    expect(await problemsIn(load)).toEqual([
      `${directory}/a.yaml: expected a file of at most 1048576 bytes, got something that is not a regular file`,
    ]);
  });

  test("a loop of symlinks is a problem, not a hang", async () => {
    const path = join(folder, "loop.yaml");
    symlinkSync(path, path);
    expect((await readConfigSources(path, realFiles)).problem).toBe(
      "expected a file or a directory, got a loop of symlinks (ELOOP)",
    );
  });
});

describe("the content's hash", () => {
  const read = (path: string, text: string) => ({ kind: "read", path, bytes: new TextEncoder().encode(text) }) as const;

  test("is the same in any order, and a file named twice counts once", () => {
    const [a, b] = [read("/a", "1"), read("/b", "2")];
    expect(hashResults([b, a])).toBe(hashResults([a, b]));
    expect(hashResults([a, b, a])).toBe(hashResults([a, b]));
  });

  test("tells names, borders and failures apart", () => {
    const hashes = [
      [read("/a", "12"), read("/b", "")],
      [read("/a", "1"), read("/b", "2")],
      [read("/a", "1"), read("/c", "2")],
      [read("/a", "1"), { kind: "failed", path: "/b", code: "ENOENT" } as const],
      [read("/a", "1"), { kind: "failed", path: "/b", code: "EACCES" } as const],
    ].map(hashResults);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

test("changes show where a path stands, where it leads, and where a symlink on its way is swapped", async () => {
  const [app, release] = [join(folder, "app"), join(folder, "releases", "1")];
  mkdirSync(app);
  mkdirSync(join(release, "data"), { recursive: true });
  writeFileSync(join(release, "data", "real.yaml"), "");
  symlinkSync("data/real.yaml", join(release, "config.yaml"));
  symlinkSync(release, join(app, "current"));
  const { directories, names } = await findWatchedPlaces([join(app, "current", "config.yaml")], realFiles);
  expect([...directories].toSorted()).toEqual([app, join(app, "current"), join(release, "data")].toSorted());
  expect([...names].toSorted()).toEqual(["config.yaml", "current", "real.yaml"]);
});

test("a path that is not there yet is watched for in its directory", async () => {
  const { directories } = await findWatchedPlaces([join(folder, "later", "config.yaml")], realFiles);
  expect([...directories]).toEqual([join(folder, "later")]);
});
