/** A forward proxy that answers CONNECT and then passes bytes both ways, wherever the tunnel was asked to lead. */
import { createServer, connect, type Server, type Socket } from "node:net";

export type FakeProxy = {
  readonly port: number;
  /** The head of every CONNECT, as it came. */
  readonly heads: readonly string[];
  /** Everything callers wrote, tunnels included. */
  readonly bytes: () => Buffer;
  readonly openTunnels: number;
  stop(): void;
};

export type ProxyOptions = {
  /** Where tunnels lead. */
  readonly toPort: number;
  /** The answer to CONNECT; null gives none. By default 200, and a tunnel. */
  readonly answer?: string | null;
  /** Closes the connection behind its answer. */
  readonly closes?: boolean;
};

const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

/** Starts a proxy on a free port; the caller stops it. */
export async function startFakeProxy(options: ProxyOptions): Promise<FakeProxy> {
  const heads: string[] = [];
  const pieces: Buffer[] = [];
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    let head = Buffer.alloc(0);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
    const onData = (bytes: Buffer): void => {
      pieces.push(bytes);
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", onData);
      socket.on("data", (more: Buffer) => void pieces.push(more));
      heads.push(head.toString("latin1", 0, end + 4));
      const answer = options.answer === undefined ? ESTABLISHED : options.answer;
      if (answer !== null) socket.write(answer);
      if (options.closes === true) socket.end();
      else if (options.answer === undefined) tunnel(socket, options.toPort);
    };
    socket.on("data", onData);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy should have a port");
  return {
    port: address.port,
    heads,
    bytes: () => Buffer.concat(pieces),
    get openTunnels() {
      return open.size;
    },
    stop: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Bytes both ways with back-pressure; either end's leaving ends the other. */
function tunnel(near: Socket, port: number): void {
  const far = connect(port, "127.0.0.1");
  far.on("error", () => near.destroy());
  far.on("close", () => near.destroy());
  near.on("close", () => far.destroy());
  near.pipe(far);
  far.pipe(near);
}
