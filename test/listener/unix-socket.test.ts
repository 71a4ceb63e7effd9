import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  bindUnixSocket,
  claimUnixSocket,
  releaseUnixSocket,
  secureUnixSocket,
} from "../../src/listener/unix-socket.ts";

let directory = "";
const cleanups: (() => unknown)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "llmux-sock-"));
});

afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
  chmodSync(directory, 0o700);
  rmSync(directory, { recursive: true });
});

function listen(path: string) {
  const listener = Bun.listen({ unix: path, socket: { data() {}, open: (socket) => void socket.end("hello") } });
  cleanups.push(() => listener.stop(true));
  return listener;
}

/** What a caller on the socket hears first. */
function call(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    Bun.connect({
      unix: path,
      socket: {
        data: (_socket, bytes) => resolve(bytes.toString()),
        close: () => resolve(""),
      },
    }).catch(reject);
  });
}

/** Another process that listens on the path. */
async function startHolder(path: string) {
  const holder = Bun.spawn([process.execPath, join(import.meta.dir, "fixtures/hold-socket.ts"), path], {
    stdout: "pipe",
  });
  cleanups.push(async () => {
    holder.kill("SIGKILL");
    await holder.exited;
  });
  const reader = holder.stdout.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("listening\n");
  return holder;
}

describe("claiming a path", () => {
  test("that is free changes nothing", async () => {
    await claimUnixSocket(join(directory, "a.sock"));
    expect(readdirSync(directory)).toEqual([]);
  });

  test("left by a process that was killed frees it", async () => {
    const path = join(directory, "a.sock");
    const holder = await startHolder(path);
    holder.kill("SIGKILL");
    await holder.exited;
    expect(statSync(path).isSocket()).toBe(true);
    expect(() => listen(path)).toThrow();
    await claimUnixSocket(path);
    expect(existsSync(path)).toBe(false);
    listen(path);
    expect(await call(path)).toBe("hello");
  });

  test("on which another process answers is refused, and that one is not disturbed", async () => {
    const path = join(directory, "a.sock");
    await startHolder(path);
    await expect(claimUnixSocket(path)).rejects.toThrow(`another instance answers on ${path}`);
    await expect(claimUnixSocket(path)).rejects.toThrow(`another instance answers on ${path}`);
    expect(statSync(path).isSocket()).toBe(true);
  });

  test("that is something else is refused and left alone", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "precious");
    await expect(claimUnixSocket(file)).rejects.toThrow(`${file} should be a Unix socket or not exist, found a file`);
    expect(await Bun.file(file).text()).toBe("precious");
    const folder = join(directory, "folder");
    mkdirSync(folder);
    await expect(claimUnixSocket(folder)).rejects.toThrow("found a directory");
    const link = join(directory, "link");
    symlinkSync(file, link);
    await expect(claimUnixSocket(link)).rejects.toThrow("found a symbolic link");
    expect(readdirSync(directory).toSorted()).toEqual(["file", "folder", "link"]);
  });

  test("longer than the kernel takes is refused with both numbers, counted in bytes", async () => {
    const room = 107 - Buffer.byteLength(directory) - 1;
    const longest = join(directory, "x".repeat(room));
    if (process.platform === "linux") {
      await claimUnixSocket(longest);
      listen(longest);
      expect(await call(longest)).toBe("hello");
    }
    const umlauts = join(directory, "ü".repeat(Math.ceil((room + 1) / 2)));
    await expect(claimUnixSocket(umlauts)).rejects.toThrow(
      /a Unix socket's path should have at most 10[37] bytes, got 10\d/,
    );
  });

  test("in a missing directory makes that one, closed to others, and no more than that one", async () => {
    const path = join(directory, "run", "a.sock");
    await claimUnixSocket(path);
    expect(statSync(join(directory, "run")).mode & 0o777).toBe(0o750 & ~process.umask());
    listen(path);
    const deeper = join(directory, "mistyped", "tree", "a.sock");
    await expect(claimUnixSocket(deeper)).rejects.toThrow(
      `the directory ${join(directory, "mistyped", "tree")} for the Unix socket cannot be made: ENOENT`,
    );
    expect(existsSync(join(directory, "mistyped"))).toBe(false);
  });

  test("under a file is refused as what it is", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    await expect(claimUnixSocket(join(file, "a.sock"))).rejects.toThrow(`${file} should be a directory, found a file`);
    await expect(claimUnixSocket(join(file, "x", "a.sock"))).rejects.toThrow("ENOTDIR");
  });
});

describe("binding", () => {
  test.each([0o660, 0o600, 0o666, 0o777])(
    "has mode %o in the moment of the bind, and the umask is as before",
    (mode) => {
      const path = join(directory, "a.sock");
      const umask = process.umask();
      let modeAtBind = 0;
      bindUnixSocket(path, mode, () => {
        const listener = listen(path);
        modeAtBind = statSync(path).mode & 0o777;
        return listener;
      });
      expect(modeAtBind & ~mode).toBe(0);
      expect(statSync(path).mode & 0o777).toBe(mode);
      expect(process.umask()).toBe(umask);
    },
  );

  test("that fails leaves the umask as before", () => {
    const umask = process.umask();
    const bind = () =>
      bindUnixSocket(join(directory, "none", "a.sock"), 0o600, () => listen(join(directory, "none", "a.sock")));
    expect(bind).toThrow();
    expect(process.umask()).toBe(umask);
  });
});

describe("releasing", () => {
  test("removes our file", () => {
    const path = join(directory, "a.sock");
    const { listener, file } = bindUnixSocket(path, 0o660, () => listen(path));
    releaseUnixSocket(file, () => listener.stop());
    expect(existsSync(path)).toBe(false);
  });

  test("leaves the file of a successor who took the path, and its callers notice nothing", async () => {
    const path = join(directory, "a.sock");
    const { listener, file } = bindUnixSocket(path, 0o660, () => listen(path));
    unlinkSync(path);
    const successor = listen(path);
    const theirs = secureUnixSocket(path, 0o666);
    releaseUnixSocket(file, () => listener.stop());
    expect(readdirSync(directory)).toEqual(["a.sock"]);
    expect(await call(path)).toBe("hello");
    releaseUnixSocket(theirs, () => successor.stop());
    expect(readdirSync(directory)).toEqual([]);
  });

  test("is content with a file that is gone already", () => {
    const path = join(directory, "a.sock");
    const { listener, file } = bindUnixSocket(path, 0o660, () => listen(path));
    unlinkSync(path);
    let isStopped = false;
    releaseUnixSocket(file, () => {
      listener.stop();
      isStopped = true;
    });
    expect(isStopped).toBe(true);
  });

  test("puts a successor's file back even when the stop fails", () => {
    const path = join(directory, "a.sock");
    const { file } = bindUnixSocket(path, 0o660, () => listen(path));
    unlinkSync(path);
    listen(path);
    const release = () =>
      releaseUnixSocket(file, () => {
        throw new Error("stop failed");
      });
    expect(release).toThrow("stop failed");
    expect(readdirSync(directory)).toEqual(["a.sock"]);
  });
});
