/** One connection of the fake upstream: what came, what went, and when the peer left. */

/** One accepted connection and what became of it. */
export class UpstreamConnection {
  readonly id: number;
  readonly openedAtMs = performance.now();
  /** The peer's FIN or reset arrived; what abort latency is measured by. */
  peerLeftAtMs: number | null = null;
  closedAtMs: number | null = null;
  /** How the peer left, when it did before us. */
  peerLeft: "fin" | "reset" | null = null;
  requestCount = 0;
  /** A request has begun and its script has not played to its end. */
  isBusy = false;
  bytesReceived = 0;
  bytesSent = 0;
  /** What came over a connection that was not read as HTTP. */
  readonly received: Buffer[] = [];
  readonly #socket: Bun.Socket<UpstreamConnection>;
  #isWriteClosed = false;
  #wake: (() => void) | null = null;

  constructor(id: number, socket: Bun.Socket<UpstreamConnection>) {
    this.id = id;
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.closedAtMs === null;
  }

  /** Whether writing can still reach anybody. */
  get isWritable(): boolean {
    return this.isOpen && !this.#isWriteClosed && this.peerLeft === null;
  }

  /** Writes all bytes, waiting for the socket to drain; false when the connection went away first. */
  async write(bytes: Buffer): Promise<boolean> {
    let offset = 0;
    while (offset < bytes.length) {
      if (!this.isWritable) return false;
      const written = this.#socket.write(bytes, offset, bytes.length - offset);
      if (written < 0) return false;
      offset += written;
      this.bytesSent += written;
      if (offset < bytes.length) await this.#change();
    }
    return this.isWritable;
  }

  /** Sends a FIN and goes on listening until the peer leaves. */
  finish(): void {
    if (!this.isOpen || this.#isWriteClosed) return;
    this.#isWriteClosed = true;
    this.#socket.shutdown();
  }

  reset(): void {
    if (this.isOpen) this.#socket.terminate();
  }

  /** Stops and starts reading, for an upstream that takes a request slowly. */
  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  /** Resolves once the peer has left or the connection is closed. */
  async waitUntilLeft(): Promise<void> {
    while (this.isOpen && this.peerLeft === null) await this.#change();
  }

  /** Resolves with the promise, or earlier when the peer leaves. */
  async waitFor(promise: Promise<unknown>): Promise<void> {
    await Promise.race([promise, this.waitUntilLeft()]);
  }

  /** The socket drained, ended or closed: whoever waits looks again. */
  notifyChange(): void {
    this.#wake?.();
  }

  #changed: Promise<void> | null = null;

  #change(): Promise<void> {
    this.#changed ??= new Promise((resolve) => {
      this.#wake = () => {
        this.#changed = null;
        this.#wake = null;
        resolve();
      };
    });
    return this.#changed;
  }
}
