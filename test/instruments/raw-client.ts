/**
 * A caller that writes bytes, not requests: it can split them anywhere, stop in the middle, close half, abort, stop
 * reading, and it says exactly what came back and how the connection ended.
 */
import { HttpReader, HttpSyntaxError, type HttpMessage } from "./http-reader.ts";
import { nextTurn, until } from "./until.ts";

export type RawTarget =
  | { readonly kind: "tcp"; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tls"; readonly port: number; readonly caPem: string };

/** How the connection stands, seen from here. A reset on a Unix socket often shows as a FIN: the kernel has no RST there. */
export type ConnectionEnd = "open" | "fin" | "reset";

export type SendOptions = {
  /** Bytes per write; the event loop turns in between. Whole when absent. */
  readonly pieceBytes?: number;
  /** Waits this long between pieces, where time itself is tested. */
  readonly pauseMs?: number;
};

/** One raw connection to a server. */
export class RawClient {
  /** Everything received, in the pieces it arrived in. */
  readonly pieces: Buffer[] = [];
  /** Answers read so far: interim (1xx) ones and final ones, whole or not yet. */
  readonly messages: HttpMessage[] = [];
  /** The first thing the server wrote that HTTP forbids. */
  syntaxError: HttpSyntaxError | null = null;
  end: ConnectionEnd = "open";
  endedAtMs: number | null = null;
  readonly #reader: HttpReader;
  /** Methods of the requests sent, for the answers to come; GET and POST answers read alike. */
  readonly #methods: string[] = [];
  #socket: Bun.Socket<undefined> | null = null;
  #wakeWriter: (() => void) | null = null;
  #isWriteClosed = false;

  private constructor() {
    this.#reader = new HttpReader({
      side: "response",
      requestMethod: () => this.#methods.shift() ?? "POST",
      onHead: (message) => {
        this.messages.push(message);
      },
    });
  }

  static async connect(target: RawTarget): Promise<RawClient> {
    const client = new RawClient();
    const handshake = Promise.withResolvers<void>();
    const socket: Bun.SocketHandler<undefined> = {
      data: (_, bytes) => client.#receive(Buffer.from(bytes)),
      drain: () => client.#wakeWriter?.(),
      end: (open) => {
        client.#finish("fin");
        open.end();
      },
      close: (_, error) => client.#finish(error === undefined || error === null ? "fin" : "reset"),
      error: () => {
        // `close` follows and tells the same; nothing to add here.
      },
      handshake: (_, isTrusted, error) => {
        if (isTrusted) handshake.resolve();
        else handshake.reject(error ?? new Error("the server's certificate is not trusted"));
      },
    };
    switch (target.kind) {
      case "tcp":
        client.#socket = await Bun.connect({
          hostname: "127.0.0.1",
          port: target.port,
          allowHalfOpen: true,
          socket,
        });
        client.#socket.setNoDelay(true);
        break;
      case "unix":
        client.#socket = await Bun.connect({ unix: target.path, allowHalfOpen: true, socket });
        break;
      case "tls":
        client.#socket = await Bun.connect({
          hostname: "127.0.0.1",
          port: target.port,
          allowHalfOpen: true,
          tls: { ca: target.caPem, serverName: "localhost" },
          socket,
        });
        await handshake.promise;
        break;
      default:
        target satisfies never;
    }
    return client;
  }

  /** Everything received so far. */
  get received(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** Final answers (not 1xx) whose body is complete. */
  get answers(): readonly HttpMessage[] {
    return this.messages.filter((message) => message.isComplete && message.status >= 200);
  }

  /** The next answer to be read belongs to a request with this method; call it where a HEAD is sent. */
  expectAnswerTo(method: string): void {
    this.#methods.push(method);
  }

  /** Sends bytes; false when the server closed before all of them were taken. */
  async send(data: string | Uint8Array, options: SendOptions = {}): Promise<boolean> {
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : Buffer.from(data);
    const size = options.pieceBytes ?? Math.max(1, bytes.length);
    for (let offset = 0; offset < bytes.length; offset += size) {
      if (offset > 0) await (options.pauseMs === undefined ? nextTurn() : Bun.sleep(options.pauseMs));
      if (!(await this.#write(bytes.subarray(offset, offset + size)))) return false;
    }
    return true;
  }

  /** Waits for the nth final answer (0 is the first). */
  async readAnswer(index = 0): Promise<HttpMessage> {
    return await until(`answer ${index + 1} to be complete; ${this.describe()}`, () => {
      if (this.syntaxError !== null) throw this.syntaxError;
      const answer = this.answers[index];
      if (answer === undefined && this.end !== "open") {
        throw new Error(`expected answer ${index + 1}, but the connection ended; ${this.describe()}`);
      }
      return answer;
    });
  }

  /** Waits for the head of the nth message, interim ones included. */
  async readHead(index = 0): Promise<HttpMessage> {
    return await until(`head ${index + 1}`, () => {
      if (this.messages[index] === undefined && this.end !== "open") {
        throw new Error(`expected head ${index + 1}, but the connection ended; ${this.describe()}`);
      }
      return this.messages[index];
    });
  }

  /** Waits until the received bytes hold a text. */
  async readUntil(text: string): Promise<void> {
    await until(`${JSON.stringify(text)} to arrive`, () => {
      if (this.received.includes(text)) return true;
      if (this.end !== "open") throw new Error(`expected ${JSON.stringify(text)}; ${this.describe()}`);
      return false;
    });
  }

  /** Waits until the server closed or reset the connection. */
  async waitForEnd(): Promise<ConnectionEnd> {
    return await until("the server to end the connection", () => (this.end === "open" ? null : this.end));
  }

  /** Closes the writing side only. */
  halfClose(): void {
    if (this.#isWriteClosed) return;
    this.#isWriteClosed = true;
    this.#socket?.shutdown();
  }

  /** Leaves with a reset: what a killed process looks like. */
  abort(): void {
    this.#isWriteClosed = true;
    this.#socket?.terminate();
  }

  /** Leaves in good order. */
  close(): void {
    this.#isWriteClosed = true;
    this.#socket?.end();
  }

  /** Stops reading: what a stalled caller looks like. */
  pauseReading(): void {
    this.#socket?.pause();
  }

  resumeReading(): void {
    this.#socket?.resume();
  }

  /** What is known of the connection, for messages of failed expectations. */
  describe(): string {
    const bytes = this.received;
    const shown = bytes.subarray(0, 600).toString("latin1");
    return `connection ${this.end}, ${bytes.length} bytes received: ${JSON.stringify(shown)}`;
  }

  async #write(bytes: Buffer): Promise<boolean> {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.end !== "open" || this.#isWriteClosed || this.#socket === null) return false;
      const written = this.#socket.write(bytes, offset, bytes.length - offset);
      if (written < 0) return false;
      offset += written;
      if (offset < bytes.length) {
        await new Promise<void>((resolve) => {
          this.#wakeWriter = resolve;
        });
      }
    }
    return true;
  }

  #receive(bytes: Buffer): void {
    this.pieces.push(bytes);
    if (this.syntaxError !== null) return;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      // Kept, not thrown: the test decides whether broken bytes were to be expected.
      if (!(error instanceof HttpSyntaxError)) throw error;
      this.syntaxError = error;
    }
  }

  #finish(end: "fin" | "reset"): void {
    if (this.end === "open") {
      this.end = end;
      this.endedAtMs = performance.now();
      this.#finishReader();
    }
    this.#wakeWriter?.();
  }

  #finishReader(): void {
    if (this.syntaxError !== null) return;
    try {
      this.#reader.finish();
    } catch (error) {
      // An answer cut short: kept, so that a test can ask for exactly that.
      if (!(error instanceof HttpSyntaxError)) throw error;
      this.syntaxError = error;
    }
  }
}

export type PostOptions = {
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly host?: string;
};

/** A well-formed POST of a JSON body, as the bytes a plain client would send. */
export function writePost(target: string, body: string | Uint8Array, options: PostOptions = {}): Buffer {
  const bytes = Buffer.from(body);
  const headers = [
    ["host", options.host ?? "localhost"],
    ["content-type", "application/json"],
    ["content-length", String(bytes.length)],
    ...(options.headers ?? []),
  ];
  const head = `POST ${target} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), bytes]);
}
