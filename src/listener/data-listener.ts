import type { Socket, SocketHandler } from "bun";
import type { CallerConnection } from "../wire/caller-connection.ts";

/** Where a data listener listens. */
export type DataAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export interface DataListener {
  /** The port in use, also where 0 was asked for; null for a Unix socket. */
  readonly port: number | null;
  /** New connections are refused from here on; those that are open go on. */
  stopAccepting(): void;
}

/** The connections of all data listeners: bounded together, closed together. */
export class CallerConnections {
  readonly #open = new Set<CallerConnection>();

  get count(): number {
    return this.#open.size;
  }

  add(connection: CallerConnection): void {
    this.#open.add(connection);
  }

  remove(connection: CallerConnection): void {
    this.#open.delete(connection);
  }

  /** Closes those that serve nobody at the moment. */
  closeIdle(): void {
    for (const connection of [...this.#open]) if (!connection.isBusy) connection.close();
  }
}

/**
 * Accepts callers on one address; the same handler serves TCP and Unix sockets.
 * Throws an Error that says where it could not listen and why (address in use, no permission).
 */
export function listenForCallers(
  address: DataAddress,
  accept: (socket: Socket<CallerConnection>, isUnix: boolean) => CallerConnection,
  connections: CallerConnections,
  maxConnections: () => number,
  onFault: (error: unknown) => void,
): DataListener {
  const isUnix = address.kind === "unix";
  const handlers: SocketHandler<CallerConnection> = {
    open(socket) {
      if (connections.count >= maxConnections()) {
        socket.terminate();
        return;
      }
      if (!isUnix) socket.setNoDelay(true);
      socket.data = accept(socket, isUnix);
      connections.add(socket.data);
    },
    data(socket, bytes) {
      socket.data.onData(bytes);
    },
    drain(socket) {
      socket.data?.onDrain();
    },
    close(socket) {
      socket.data?.onClose();
    },
    error(socket, error) {
      // A socket's own errors, and whatever was thrown while its bytes were handled: that is a fault of ours.
      if ((error as { syscall?: unknown }).syscall === undefined) onFault(error);
      socket.terminate();
      socket.data?.onClose();
    },
  };
  let listener: { stop(closeActiveConnections?: boolean): void };
  try {
    listener = isUnix
      ? Bun.listen<CallerConnection>({ unix: address.path, socket: handlers })
      : Bun.listen<CallerConnection>({ hostname: address.host, port: address.port, socket: handlers });
  } catch (cause) {
    // Bun's own message names neither the port nor what to do about it.
    const where = isUnix ? address.path : `${address.host}:${address.port}`;
    const { code } = cause as { code?: unknown };
    const why = code === "EADDRINUSE" ? "something else listens there (EADDRINUSE)" : String(code ?? cause);
    throw new Error(`cannot listen on ${where}: ${why}`, { cause });
  }
  return {
    port: isUnix ? null : (listener as unknown as { port: number }).port,
    stopAccepting: () => listener.stop(false),
  };
}
