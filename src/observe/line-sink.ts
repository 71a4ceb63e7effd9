/**
 * Where log lines leave the process: never in the gateway's way.
 *
 * Problem: whoever reads our stdout may be slow, stuck or dead. `console.log` and `process.stdout` then block the event
 * loop, buffer without bound, or end the process with an unhandled EPIPE. Choice: lines are gathered for a few
 * milliseconds and handed to `fs.write`, one write at a time, on Bun's file threads. A stuck reader holds one such
 * thread and up to `maxPending` of text; a dead one costs an EPIPE a second. What does not fit is dropped and counted,
 * and the count is told in a line as soon as lines get through again. (Bun 1.4.5: a write that hangs on a full pipe
 * keeps neither other file work nor DNS nor `process.exit` from happening, on one CPU as on two; a closed stdout is
 * /dev/null.)
 * Rejected: opening /proc/self/fd/1 anew with O_NONBLOCK (a socket cannot be opened so, nor a pipe of another uid).
 */
import { write } from "node:fs";

/** `fs.write`'s shape, so that tests can be the pipe. */
export type WriteBytes = (
  fd: number,
  bytes: Buffer,
  offset: number,
  length: number,
  position: null,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

export type LineSinkOptions = {
  readonly fd: number;
  /** Makes the line that tells how many were dropped. */
  readonly describeDropped: (count: number) => string;
  /** Text not yet taken by the system, in UTF-16 units; 1 MiB by default. */
  readonly maxPending?: number;
  readonly write?: WriteBytes;
};

const DEFAULT_MAX_PENDING = 1024 * 1024;
/** Beyond this a write starts at once. */
const WRITE_AT = 16 * 1024;
/** A write costs about as much as ten lines; exchanges come in batches, so this only joins what is said in one moment. */
const GATHER_MS = 10;
/** A full non-blocking pipe is asked again after this, a broken one after that. */
const FULL_RETRY_MS = 25;
const BROKEN_RETRY_MS = 1_000;

/** gathering => writing => gathering; a write that failed makes it wait first (waiting => writing). */
type State = "gathering" | "writing" | "waiting";

export class LineSink {
  readonly #options: LineSinkOptions;
  readonly #write: WriteBytes;
  readonly #maxPending: number;
  #state: State = "gathering";
  /** Lines since the last write began. */
  #gathered = "";
  /** What the write in flight, or the one to be repeated, still has to bring out. */
  #batch: Buffer | null = null;
  #batchSize = 0;
  /** How many lost lines this batch tells of. */
  #batchTells = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #dropped = 0;
  #untold = 0;
  #isClosed = false;
  #onIdle: (() => void) | null = null;

  constructor(options: LineSinkOptions) {
    this.#options = options;
    this.#write = options.write ?? write;
    this.#maxPending = options.maxPending ?? DEFAULT_MAX_PENDING;
  }

  /** Lines that were lost, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes one line, without its line feed; costs an addition, whatever the reader does. */
  push(line: string): void {
    if (this.#isClosed || this.#batchSize + this.#gathered.length + line.length >= this.#maxPending) {
      this.#countDropped(1);
      return;
    }
    this.#gathered += `${line}\n`;
    if (this.#state !== "gathering") return;
    if (this.#gathered.length >= WRITE_AT) this.#startWrite();
    else if (this.#timer === null) this.#timer = setTimeout(this.#startWrite, GATHER_MS);
  }

  /** Brings out what is pending, for `timeoutMs` at most; afterwards every line is dropped. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const timer = setTimeout(resolve, timeoutMs);
    if (this.#state !== "writing") this.#startWrite();
    await promise;
    clearTimeout(timer);
    this.#onIdle = null;
    this.#stopTimer();
  }

  /** Begins a write: of the batch that must be repeated, or else of what was gathered. */
  readonly #startWrite = (): void => {
    this.#stopTimer();
    this.#batch ??= this.#takeBatch();
    const bytes = this.#batch;
    if (bytes === null) {
      this.#state = "gathering";
      this.#onIdle?.();
      return;
    }
    this.#state = "writing";
    this.#write(this.#options.fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null) this.#onWritten(bytes, written);
      else this.#onFailed(bytes, error.code);
    });
  };

  #takeBatch(): Buffer | null {
    if (this.#untold > 0) this.#gathered += `${this.#options.describeDropped(this.#untold)}\n`;
    if (this.#gathered === "") return null;
    const bytes = Buffer.from(this.#gathered);
    this.#batchSize = this.#gathered.length;
    this.#batchTells = this.#untold;
    this.#untold = 0;
    this.#gathered = "";
    return bytes;
  }

  #onWritten(bytes: Buffer, written: number): void {
    if (written < bytes.length) {
      this.#batch = bytes.subarray(written);
      this.#startWrite();
      return;
    }
    this.#forgetBatch();
    this.#state = "gathering";
    if (this.#isClosed || this.#gathered.length >= WRITE_AT) this.#startWrite();
    else if (this.#gathered !== "" || this.#untold > 0) this.#timer = setTimeout(this.#startWrite, GATHER_MS);
  }

  #onFailed(bytes: Buffer, code: string | undefined): void {
    if (code === "EAGAIN" || code === "EINTR") {
      this.#waitFor(FULL_RETRY_MS);
      return;
    }
    // EPIPE, EIO, ENOSPC …: these lines are lost. New ones wait for a reader that comes back, as a FIFO's may.
    this.#countDropped(countLines(bytes) - (this.#batchTells > 0 ? 1 : 0));
    this.#untold += this.#batchTells;
    this.#forgetBatch();
    this.#waitFor(BROKEN_RETRY_MS);
    if (this.#isClosed) this.#onIdle?.();
  }

  /** Unreferenced: a reader that is away must not keep a process that wants to end. */
  #waitFor(delayMs: number): void {
    this.#state = "waiting";
    this.#timer = setTimeout(this.#startWrite, delayMs);
    this.#timer.unref();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #forgetBatch(): void {
    this.#batch = null;
    this.#batchSize = 0;
    this.#batchTells = 0;
  }

  #countDropped(lines: number): void {
    this.#dropped += lines;
    this.#untold += lines;
  }
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}
