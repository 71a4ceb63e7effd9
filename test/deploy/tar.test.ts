import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TarEntry, writeTar } from "../../deploy/image/tar.ts";

const ENTRIES: readonly TarEntry[] = [
  { kind: "directory", path: "etc", mode: 0o755 },
  { kind: "file", path: "etc/name", mode: 0o640, uid: 65532, gid: 65532, bytes: Buffer.from("llmux\n") },
  { kind: "file", path: "block", mode: 0o755, bytes: Buffer.alloc(512, 0x61) },
  { kind: "symlink", path: "link", mode: 0o777, target: "etc/name" },
];

test("the system's tar reads what was written: types, modes, owners, sizes, times", async () => {
  const directory = await mkdtemp(join(tmpdir(), "llmux-tar-"));
  try {
    const path = join(directory, "a.tar");
    await Bun.write(path, writeTar(ENTRIES));
    const { exitCode, stdout, stderr } = Bun.spawnSync([
      "tar",
      "-tvf",
      path,
      "--numeric-owner",
      "--utc",
      "--full-time",
    ]);
    expect(stderr.toString()).toBe("");
    expect(exitCode).toBe(0);
    const lines = stdout
      .toString()
      .trim()
      .split("\n")
      .map((line) => line.replaceAll(/\s+/g, " "));
    expect(lines).toEqual([
      "-rwxr-xr-x 0/0 512 1970-01-01 00:00:00 block",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 etc/",
      "-rw-r----- 65532/65532 6 1970-01-01 00:00:00 etc/name",
      "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 link -> etc/name",
    ]);
    expect(Bun.spawnSync(["tar", "-xOf", path, "etc/name"]).stdout.toString()).toBe("llmux\n");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("the order of the entries does not change the bytes", () => {
  expect(Buffer.from(writeTar(ENTRIES)).equals(writeTar(ENTRIES.toReversed()))).toBe(true);
});

test("a path that does not fit and a path given twice are refused", () => {
  const long: TarEntry = { kind: "directory", path: "a".repeat(100), mode: 0o755 };
  expect(() => writeTar([long])).toThrow("expected at most 100 bytes");
  expect(() => writeTar([...ENTRIES, ...ENTRIES])).toThrow("expected each path once, got block twice");
});
