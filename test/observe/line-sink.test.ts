import { afterEach, describe, expect, test } from "bun:test";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LineSink } from "../../src/observe/line-sink.ts";

async function until(isTrue: () => boolean, what: string, deadlineMs = 20_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms for: ${what}`);
    await Bun.sleep(2);
  }
}

/** A pipe played by the test: writes wait until they are answered. */
function setUp(maxPending?: number) {
  const writes: { text: string; done: (error: NodeJS.ErrnoException | null, written: number) => void }[] = [];
  const sink = new LineSink({
    fd: 1,
    describeDropped: (count) => `dropped ${count}`,
    ...(maxPending === undefined ? {} : { maxPending }),
    write: (_fd, bytes, offset, length, _position, done) => {
      writes.push({ text: bytes.toString("utf8", offset, offset + length), done });
    },
  });
  const nextWrite = async () => {
    await until(() => writes.length > 0, "a write");
    const next = writes.shift();
    if (next === undefined) throw new Error("unreachable: there was a write");
    return { ...next, finish: () => next.done(null, Buffer.byteLength(next.text)) };
  };
  return { sink, writes, nextWrite };
}

const failure = (code: string) => Object.assign(new Error(code), { code });

describe("lines", () => {
  test("pushed in one go leave in one write, in order", async () => {
    const { sink, writes, nextWrite } = setUp();
    for (const line of ["a", "b", "c"]) sink.push(line);
    expect(writes).toHaveLength(0);
    const first = await nextWrite();
    expect(first.text).toBe("a\nb\nc\n");
    sink.push("d");
    sink.push("e");
    first.finish();
    expect((await nextWrite()).text).toBe("d\ne\n");
    expect(sink.dropped).toBe(0);
  });

  test("of 16 KiB are written at once, without waiting for more", () => {
    const { sink, writes } = setUp();
    for (let i = 0; i < 16; i++) sink.push("x".repeat(1023));
    expect(writes).toHaveLength(1);
  });

  test("go out one write at a time, so that they cannot change places", async () => {
    const { sink, writes, nextWrite } = setUp();
    sink.push("x".repeat(20_000));
    sink.push("y".repeat(20_000));
    expect(writes).toHaveLength(1);
    (await nextWrite()).finish();
    expect((await nextWrite()).text).toBe(`${"y".repeat(20_000)}\n`);
  });

  test("taken in part are continued where it stopped, in the middle of a character too", async () => {
    const parts: Buffer[] = [];
    const sink = new LineSink({
      fd: 1,
      describeDropped: () => "",
      write(_fd, bytes, offset, length, _position, done) {
        const taken = Math.min(3, length);
        parts.push(Buffer.from(bytes.subarray(offset, offset + taken)));
        queueMicrotask(() => done(null, taken));
      },
    });
    sink.push("grüße → 😀 end");
    await sink.close(1000);
    expect(Buffer.concat(parts).toString()).toBe("grüße → 😀 end\n");
  });
});

describe("a reader that is stuck", () => {
  test("costs bounded memory: what does not fit is counted, and the count is told once it reads on", async () => {
    const { sink, nextWrite } = setUp(1000);
    sink.push("first");
    const stuck = await nextWrite();
    for (let i = 0; i < 300; i++) sink.push("0123456789");
    expect(sink.dropped).toBeGreaterThan(200);
    const { dropped } = sink;
    stuck.finish();
    const next = await nextWrite();
    const kept = next.text.split("\n").filter((line) => line === "0123456789").length;
    expect(kept + dropped).toBe(300);
    expect(next.text).toEndWith(`\ndropped ${dropped}\n`);
    next.finish();
    sink.push("later");
    expect((await nextWrite()).text).toBe("later\n");
  });

  test("of a non-blocking pipe gets the same bytes again when it has room", async () => {
    const { sink, nextWrite } = setUp();
    sink.push("a");
    (await nextWrite()).done(failure("EAGAIN"), 0);
    sink.push("b");
    const again = await nextWrite();
    expect(again.text).toBe("a\n");
    again.finish();
    expect((await nextWrite()).text).toBe("b\n");
    expect(sink.dropped).toBe(0);
  });

  test("delays the end no longer than it is given", async () => {
    const { sink, writes } = setUp();
    sink.push("a");
    await sink.close(20);
    expect(writes).toHaveLength(1);
    sink.push("too late");
    expect(sink.dropped).toBe(1);
  });
});

describe("a reader that is dead", () => {
  test("loses lines that are counted; one that comes back is told how many", async () => {
    const { sink, writes, nextWrite } = setUp();
    sink.push("a");
    sink.push("b");
    (await nextWrite()).done(failure("EPIPE"), 0);
    expect(sink.dropped).toBe(2);
    sink.push("c".repeat(20_000));
    expect(writes).toHaveLength(0);
    const second = await nextWrite();
    expect(second.text).toEndWith("\ndropped 2\n");
    second.done(failure("EPIPE"), 0);
    // The line that told of two was lost itself: it is not a lost line, but what it told is told again.
    expect(sink.dropped).toBe(3);
    sink.push("d");
    expect((await nextWrite()).text).toBe("d\ndropped 3\n");
  });

  test("does not delay the end", async () => {
    const { sink, nextWrite } = setUp();
    sink.push("a");
    const closing = sink.close(60_000);
    (await nextWrite()).done(failure("EPIPE"), 0);
    await closing;
    expect(sink.dropped).toBe(1);
  });
});

describe("the end", () => {
  test("brings out what is pending, and the count of what was lost", async () => {
    const { sink, nextWrite } = setUp(100);
    sink.push("a");
    sink.push("x".repeat(200));
    const closing = sink.close(60_000);
    const last = await nextWrite();
    expect(last.text).toBe("a\ndropped 1\n");
    last.finish();
    await closing;
  });

  test("is immediate when nothing is pending", async () => {
    const { sink, writes } = setUp();
    await sink.close(60_000);
    expect(writes).toHaveLength(0);
  });
});

describe.skipIf(process.platform === "win32")("a real process that logs into a real pipe", () => {
  const cleanups: (() => void)[] = [];
  afterEach(() => {
    for (const clean of cleanups.splice(0)) clean();
  });

  /** The child's stdout is a FIFO whose reader is this test. */
  function start(options: { count: number; closeMs?: number; isNonBlocking?: boolean }) {
    const { count, closeMs = 30_000, isNonBlocking = false } = options;
    const directory = mkdtempSync(join(tmpdir(), "llmux-log-"));
    cleanups.push(() => rmSync(directory, { recursive: true }));
    const fifo = join(directory, "fifo");
    if (Bun.spawnSync(["mkfifo", fifo]).exitCode !== 0) throw new Error("mkfifo failed");
    const readFd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeFd = openSync(fifo, constants.O_WRONLY | (isNonBlocking ? constants.O_NONBLOCK : 0));
    const argv = [process.execPath, join(import.meta.dir, "fixtures/log-child.ts"), String(count), String(closeMs)];
    const child = Bun.spawn(argv, { stdin: "pipe", stdout: writeFd, stderr: "pipe" });
    closeSync(writeFd);
    cleanups.push(() => child.kill("SIGKILL"));
    let isReading = true;
    const closeReader = () => {
      if (isReading) closeSync(readFd);
      isReading = false;
    };
    cleanups.push(closeReader);

    let said = "";
    const listening = (async () => {
      for await (const chunk of child.stderr) said += new TextDecoder().decode(chunk);
    })();
    const reports = () =>
      said
        .split("\n")
        .filter(Boolean)
        .map((line): { what: string; dropped: number } => JSON.parse(line));
    /** Waits until the child has logged its lines; returns how many it has lost by then. */
    const flooded = async (): Promise<number> => {
      const report = () => reports().find(({ what }) => what === "flooded");
      await until(() => report() !== undefined, "the child to be done logging");
      return report()?.dropped ?? Number.NaN;
    };
    const end = async () => {
      await child.stdin.end();
      const code = await child.exited;
      await listening;
      return { code, dropped: reports().at(-1)?.dropped };
    };
    const lines: { msg: string; count?: number }[] = [];
    /** Reads until the writer has closed its end; `lines` grows as they come. */
    const readAll = async (): Promise<void> => {
      let rest = Buffer.alloc(0);
      const buffer = Buffer.alloc(65536);
      while (true) {
        try {
          const length = readSync(readFd, buffer);
          if (length === 0) break;
          const bytes = Buffer.concat([rest, buffer.subarray(0, length)]);
          const end = bytes.lastIndexOf(10) + 1;
          rest = bytes.subarray(end);
          for (const line of bytes.toString("utf8", 0, end).split("\n").filter(Boolean)) lines.push(JSON.parse(line));
        } catch (error) {
          // EAGAIN: the writer is there and has nothing to say yet.
          if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
          await Bun.sleep(2);
        }
      }
      expect(rest.toString()).toBe("");
    };
    return { child, flooded, end, lines, readAll, closeReader };
  }

  test("loses nothing to a reader that reads", async () => {
    const { end, lines, readAll } = start({ count: 2_000 });
    const [{ code, dropped }] = await Promise.all([end(), readAll()]);
    expect(code).toBe(0);
    expect(dropped).toBe(0);
    expect(lines).toHaveLength(2_001);
    expect(lines.at(-1)?.msg).toBe("last");
  });

  test.each([false, true])(
    "goes on while its reader reads nothing, then every line is there or counted (pipe non-blocking: %p)",
    async (isNonBlocking) => {
      const { flooded, end, lines, readAll } = start({ count: 20_000, isNonBlocking });
      const lost = await flooded();
      expect(lost).toBeGreaterThan(1_000);
      const reading = readAll();
      const told = () =>
        lines.filter(({ msg }) => msg === "log lines dropped").reduce((sum, { count = 0 }) => sum + count, 0);
      // Until the reader has come this far the sink is full, and would have to drop the last line, too.
      await until(() => told() === lost, "the loss to be told");
      const [{ code, dropped }] = await Promise.all([end(), reading]);
      expect(code).toBe(0);
      expect(dropped).toBe(lost);
      expect(told()).toBe(lost);
      expect(lines.filter(({ msg }) => msg === "flood").length + lost).toBe(20_000);
      expect(lines.at(-1)?.msg).toBe("last");
    },
  );

  test("ends by itself, with its own exit code, though its reader never read", async () => {
    const { flooded, end } = start({ count: 20_000, closeMs: 200 });
    await flooded();
    expect((await end()).code).toBe(0);
  });

  test.each(["before the first line", "in the middle of a write"])("survives its reader's death %s", async (moment) => {
    const { flooded, end, closeReader } = start({ count: 20_000 });
    if (moment === "before the first line") closeReader();
    await flooded();
    closeReader();
    const { code, dropped } = await end();
    expect(code).toBe(0);
    expect(dropped).toBeGreaterThan(0);
  });
});
