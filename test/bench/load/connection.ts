/** A caller's keep-alive connection: sends one request at a time and checks the answer. */
import type { Socket } from "bun";
import type { JobBase } from "../jobs.ts";
import { renderRequest } from "../call.ts";
import { spellScenario } from "../payloads.ts";
import type { Scenario } from "../payloads.ts";
import { AnswerCheck } from "./answer-check.ts";
import { ResponseReader } from "./response-reader.ts";

export type ConnectionEvents = {
  /** Decoded body bytes arrived. */
  onBytes?(connection: Connection, count: number): void;
  /** A chunk of a stream arrived; `stampMicros`: when the mock sent it, 0 where it does not say. */
  onChunk?(stampMicros: number): void;
  /** The answer is complete; `fault` says what is wrong with it, null where nothing is. */
  onAnswer(connection: Connection, fault: string | null): void;
  /** The connection closed while an answer was due. */
  onLost(connection: Connection, message: string): void;
};

/** What a job needs of its callers: where to, with which headers, checked how. */
export type CallerOptions = Pick<JobBase, "target" | "headers" | "call" | "withholdsUsage">;

const rendered = new Map<string, Buffer>();
const MAX_RENDERED = 1024;

export class Connection {
  readonly #options: CallerOptions;
  readonly #events: ConnectionEvents;
  readonly #check: AnswerCheck;
  readonly #reader: ResponseReader;
  #socket: Socket<Connection> | null = null;
  #unsent: Buffer | null = null;
  #isWaiting = false;
  /** When the request in flight was due; the measurements' own note. */
  startedMs = 0;

  private constructor(options: CallerOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    const { call, withholdsUsage } = options;
    const { onChunk } = events;
    this.#check = new AnswerCheck({ call, withholdsUsage, ...(onChunk === undefined ? {} : { onChunk }) });
    this.#reader = new ResponseReader({
      onHead: (status) => this.#check.addHead(status),
      onBody: (bytes, from, to) => {
        this.#check.addBody(bytes, from, to);
        this.#events.onBytes?.(this, to - from);
      },
      onEnd: () => {
        this.#isWaiting = false;
        this.#events.onAnswer(this, this.#check.findFault());
      },
      onFault: (message) => this.#lose(message),
    });
  }

  static async open(options: CallerOptions, events: ConnectionEvents): Promise<Connection> {
    const connection = new Connection(options, events);
    const { target } = options;
    const usual = { data: connection, socket: SOCKET_HANDLERS };
    connection.#socket = await (target.unix === null
      ? Bun.connect<Connection>({ hostname: target.host, port: target.port, ...usual })
      : Bun.connect<Connection>({ unix: target.unix, ...usual }));
    return connection;
  }

  /** Body bytes of the answer so far. */
  get bodyBytes(): number {
    return this.#check.bodyBytes;
  }

  /** Chunks of the stream so far. */
  get chunks(): number {
    return this.#check.chunks;
  }

  /** Of the answer under way, or the last one; 0 before its head. */
  get status(): number {
    return this.#check.status;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  send(scenario: Scenario): void {
    const request = this.#render(scenario);
    this.#check.begin(scenario);
    this.#isWaiting = true;
    const written = this.#socket?.write(request) ?? 0;
    if (written < request.length) this.#unsent = request.subarray(Math.max(0, written));
  }

  /** Stops reading: what comes now is the proxy's to hold. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Leaves: a full close(2), as an SDK that aborts does it. */
  close(): void {
    this.#isWaiting = false;
    const socket = this.#socket;
    this.#socket = null;
    socket?.end();
  }

  receive(data: Buffer): void {
    if (this.#socket !== null) this.#reader.read(data);
  }

  flush(): void {
    const bytes = this.#unsent;
    this.#unsent = null;
    if (bytes === null) return;
    const written = this.#socket?.write(bytes) ?? 0;
    if (written < bytes.length) this.#unsent = bytes.subarray(Math.max(0, written));
  }

  end(message: string): void {
    this.#lose(message);
  }

  #lose(message: string): void {
    const wasWaiting = this.#isWaiting;
    this.close();
    if (wasWaiting) this.#events.onLost(this, message);
  }

  #render(scenario: Scenario): Buffer {
    const { call, headers } = this.#options;
    if (scenario.kind === "hang" || scenario.kind === "drip") return renderRequest(call, scenario, headers);
    const key = spellScenario(scenario);
    let request = rendered.get(key);
    if (request === undefined) {
      request = renderRequest(call, scenario, headers);
      if (rendered.size < MAX_RENDERED) rendered.set(key, request);
    }
    return request;
  }
}

const SOCKET_HANDLERS = {
  open(socket: Socket<Connection>): void {
    socket.setNoDelay(true);
  },
  data(socket: Socket<Connection>, data: Buffer): void {
    socket.data.receive(data);
  },
  drain(socket: Socket<Connection>): void {
    socket.data.flush();
  },
  close(socket: Socket<Connection>): void {
    socket.data.end("the connection closed before the answer was complete");
  },
  error(socket: Socket<Connection>, error: Error): void {
    socket.data.end(`the connection failed: ${error.message}`);
  },
};

/** Opens several connections, a bounded number at a time, so that no listen backlog overflows. */
export async function openConnections(
  count: number,
  options: CallerOptions,
  events: ConnectionEvents,
): Promise<Connection[]> {
  const AT_ONCE = 128;
  const connections: Connection[] = [];
  while (connections.length < count) {
    const batch = Math.min(AT_ONCE, count - connections.length);
    connections.push(...(await Promise.all(Array.from({ length: batch }, () => Connection.open(options, events)))));
  }
  return connections;
}
