/**
 * A fake provider on raw sockets (TCP, Unix, TLS): it reads requests strictly, answers each with the script a callback
 * chooses, and remembers everything it saw, so that a test can say what reached the provider and when it was let go.
 */
import type { Script } from "./script.ts";
import { ScriptPlayer, type ConnectionPlan, type ScriptSource, type UpstreamRequest } from "./script-player.ts";
import { until } from "./until.ts";
import { UpstreamConnection } from "./upstream-connection.ts";

export type UpstreamOptions = {
  /** Chooses the answer once a request is complete. */
  readonly respond: (request: UpstreamRequest) => Script | Promise<Script>;
  /** Chooses an answer as soon as the head is there, body or not; null leaves it to `respond`. */
  readonly respondToHead?: (request: UpstreamRequest) => Script | null;
  readonly planConnection?: (connection: UpstreamConnection) => ConnectionPlan;
  readonly listen?: { readonly kind: "tcp"; readonly port?: number } | { readonly kind: "unix"; readonly path: string };
  readonly tls?: { readonly certPem: string; readonly keyPem: string; readonly clientCaPem?: string };
  /** Does not keep requests and closed connections; for runs with very many. */
  readonly isForgetful?: boolean;
};

/** A running fake provider. */
export class Upstream implements ScriptSource {
  readonly requests: UpstreamRequest[] = [];
  readonly connections: UpstreamConnection[] = [];
  /** What the gateway wrote that no sender may write, or a request it cut short while staying connected. */
  readonly syntaxErrors: string[] = [];
  /** Errors the test's own callbacks threw. */
  readonly scriptErrors: unknown[] = [];
  totalConnections = 0;
  totalRequests = 0;
  respond: UpstreamOptions["respond"];
  respondToHead: NonNullable<UpstreamOptions["respondToHead"]>;
  planConnection: NonNullable<UpstreamOptions["planConnection"]>;
  readonly #open = new Set<UpstreamConnection>();
  readonly #options: UpstreamOptions;
  readonly #listener: Bun.TCPSocketListener<UpstreamConnection> | Bun.UnixSocketListener<UpstreamConnection>;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.respond = options.respond;
    this.respondToHead = options.respondToHead ?? (() => null);
    this.planConnection = options.planConnection ?? (() => ({ kind: "http" }));
    const socket = this.#makeHandler();
    const listen = options.listen ?? { kind: "tcp" };
    const tls =
      options.tls === undefined
        ? {}
        : {
            tls: {
              cert: options.tls.certPem,
              key: options.tls.keyPem,
              ...(options.tls.clientCaPem === undefined
                ? {}
                : { ca: options.tls.clientCaPem, requestCert: true, rejectUnauthorized: true }),
            },
          };
    this.#listener =
      listen.kind === "unix"
        ? Bun.listen<UpstreamConnection>({ unix: listen.path, allowHalfOpen: true, socket })
        : Bun.listen<UpstreamConnection>({
            hostname: "127.0.0.1",
            port: listen.port ?? 0,
            allowHalfOpen: true,
            socket,
            ...tls,
          });
  }

  get port(): number {
    if (!("port" in this.#listener)) throw new Error("an upstream on a Unix socket has no port");
    return this.#listener.port;
  }

  /** `http://127.0.0.1:port`, or `https://localhost:port` (the name its certificate carries). */
  get origin(): string {
    return this.#options.tls === undefined ? `http://127.0.0.1:${this.port}` : `https://localhost:${this.port}`;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  get lastRequest(): UpstreamRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error("expected the upstream to have seen a request, it saw none");
    return last;
  }

  /** Open connections on which a request has begun and its script has not played to the end. */
  get busyConnections(): number {
    let busy = 0;
    for (const connection of this.#open) if (connection.isBusy) busy += 1;
    return busy;
  }

  /** Waits until at least `count` requests have arrived since the start (or the last `forget`). */
  async waitForRequests(count: number): Promise<readonly UpstreamRequest[]> {
    await until(`${count} requests at the upstream, got ${this.requests.length}`, () => this.requests.length >= count);
    return this.requests;
  }

  async waitForNoConnections(): Promise<void> {
    await until("no open connection at the upstream", () => this.#open.size === 0);
  }

  /** Forgets what was seen, keeping connections as they are. */
  forget(): void {
    this.requests.length = 0;
    this.syntaxErrors.length = 0;
    this.scriptErrors.length = 0;
    for (let index = this.connections.length - 1; index >= 0; index -= 1) {
      if (this.connections[index]?.isOpen === false) this.connections.splice(index, 1);
    }
  }

  /** Closes the listener and every connection. */
  stop(): void {
    this.#listener.stop(true);
  }

  #makeHandler(): Bun.SocketHandler<UpstreamConnection> {
    // One reader per connection, held beside the connection because the handler is shared by all sockets.
    const readers = new WeakMap<UpstreamConnection, ScriptPlayer>();
    const serverOf = (socket: Bun.Socket<UpstreamConnection>): ScriptPlayer => {
      const known = readers.get(socket.data);
      if (known !== undefined) return known;
      const connection = new UpstreamConnection(this.totalConnections, socket);
      this.totalConnections += 1;
      socket.data = connection;
      this.#open.add(connection);
      if (this.#options.isForgetful !== true) this.connections.push(connection);
      const server = new ScriptPlayer(this, connection);
      readers.set(connection, server);
      return server;
    };
    return {
      open: (socket) => {
        socket.setNoDelay(true);
        serverOf(socket).open();
      },
      data: (socket, bytes) => {
        serverOf(socket).receive(Buffer.from(bytes));
      },
      drain: (socket) => {
        socket.data.notifyChange();
      },
      end: (socket) => {
        const connection = socket.data;
        connection.peerLeft ??= "fin";
        connection.peerLeftAtMs ??= performance.now();
        serverOf(socket).peerEnded();
        connection.notifyChange();
        socket.end();
      },
      close: (socket, error) => {
        const connection = socket.data;
        if (connection.closedAtMs !== null) return;
        connection.closedAtMs = performance.now();
        if (connection.peerLeft === null && error !== undefined && error !== null) {
          connection.peerLeft = "reset";
          connection.peerLeftAtMs = connection.closedAtMs;
        }
        this.#open.delete(connection);
        connection.notifyChange();
      },
      error: () => {
        // `close` follows and tells the same; nothing to add here.
      },
    };
  }

  /** Called by the connection's server; keeps what the test may ask for later. */
  record(request: UpstreamRequest): void {
    this.totalRequests += 1;
    if (this.#options.isForgetful !== true) this.requests.push(request);
  }
}

/** Starts a fake provider; the caller stops it. */
export function startUpstream(options: UpstreamOptions): Upstream {
  return new Upstream(options);
}

/** Ports of 127.0.0.1 that refuse connections: bound all at once, so that they differ, then let go. */
export function findClosedPorts(count: number): number[] {
  const bind = () => Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const listeners = Array.from({ length: count }, bind);
  const ports = listeners.map((listener) => listener.port);
  for (const listener of listeners) listener.stop(true);
  return ports;
}

/** One such port. */
export function findClosedPort(): number {
  return findClosedPorts(1)[0] as number;
}
