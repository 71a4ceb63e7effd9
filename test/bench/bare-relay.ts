/**
 * The least a proxy on Bun's sockets can do: one connection behind each caller's, bytes passed on unread. What it costs is
 * the floor under every figure of the gateway: kernel, event loop and nothing else. Started by `subjects/bare.ts`.
 *
 *   bun test/bench/bare-relay.ts PORT SOCKET UPSTREAM_HOST UPSTREAM_PORT
 */
import type { Socket, SocketHandler } from "bun";

type Side = { other: Socket<Side> | null; early: Buffer[]; pending: Buffer | null };

const [port, path, upstreamHost, upstreamPort] = process.argv.slice(2) as [string, string, string, string];

const READY = "GET /health/ready";
const READY_ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/** Bun's sockets pause and resume; its types do not say so yet. */
type Pausable = { pause(): void; resume(): void };

function pass(from: Socket<Side>, to: Socket<Side>, bytes: Buffer): void {
  const written = to.write(bytes);
  if (written < 0 || written === bytes.length) return;
  to.data.pending = bytes.subarray(written);
  (from as unknown as Pausable).pause();
}

function flush(socket: Socket<Side>): void {
  const { pending, other } = socket.data;
  if (pending === null) return;
  const written = socket.write(pending);
  if (written < 0) return;
  socket.data.pending = written === pending.length ? null : pending.subarray(written);
  if (socket.data.pending === null && other !== null) (other as unknown as Pausable).resume();
}

const upstream: SocketHandler<Side> = {
  open(socket) {
    socket.setNoDelay(true);
    const caller = socket.data.other;
    if (caller === null) return;
    caller.data.other = socket;
    for (const bytes of caller.data.early.splice(0)) pass(caller, socket, bytes);
  },
  data(socket, bytes) {
    if (socket.data.other !== null) pass(socket, socket.data.other, bytes);
  },
  drain: flush,
  close(socket) {
    socket.data.other?.end();
  },
};

const callers: SocketHandler<Side> = {
  open(socket) {
    socket.data = { other: null, early: [], pending: null };
    socket.setNoDelay(true);
  },
  data(socket, bytes) {
    const { other, early } = socket.data;
    if (other !== null) pass(socket, other, bytes);
    else if (early.length > 0) early.push(bytes);
    else if (bytes.toString("latin1", 0, READY.length) === READY) socket.end(READY_ANSWER);
    else {
      early.push(bytes);
      void Bun.connect<Side>({
        hostname: upstreamHost,
        port: Number(upstreamPort),
        data: { other: socket, early: [], pending: null },
        socket: upstream,
      });
    }
  },
  drain: flush,
  close(socket) {
    socket.data.other?.terminate();
  },
};

Bun.listen<Side>({ hostname: "127.0.0.1", port: Number(port), socket: callers });
Bun.listen<Side>({ unix: path, socket: callers });
