import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Answers a request's path (and body) with the raw bytes of an HTTP answer; the connection ends after it, or when told. */
export type RawAnswer = (path: string, body: string) => string | Uint8Array | BrokenAnswer | null;
export type BrokenAnswer = { readonly bytes: string; readonly endAfter: Promise<void> };

export type FakeGateway = {
  readonly socketPath: string;
  readonly port: number;
  readonly paths: string[];
  stop(): void;
};

/** A gateway's outside for the commands that ask one: a Unix socket and a port, with answers as raw bytes. */
export function startFakeGateway(answer: RawAnswer): FakeGateway {
  const folder = mkdtempSync(join(tmpdir(), "llmux-cli-"));
  const socketPath = join(folder, "s");
  const paths: string[] = [];
  const socket: Bun.SocketHandler<{ received: string }> = {
    open: (connection) => {
      connection.data = { received: "" };
    },
    data: (connection, bytes) => {
      connection.data.received += bytes.toString("latin1");
      const [head = "", body] = connection.data.received.split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      const path = head.split(" ")[1] ?? "";
      paths.push(path);
      connection.data.received = "";
      const bytesOut = answer(path, Buffer.from(body, "latin1").toString());
      // null: silence, until the asker gives up.
      if (bytesOut === null) return;
      if (typeof bytesOut === "string" || bytesOut instanceof Uint8Array) {
        connection.end(bytesOut);
        return;
      }
      connection.write(bytesOut.bytes);
      void bytesOut.endAfter.then(() => connection.end());
    },
  };
  const unix = Bun.listen<{ received: string }>({ unix: socketPath, socket });
  const tcp = Bun.listen<{ received: string }>({ hostname: "127.0.0.1", port: 0, socket });
  return {
    socketPath,
    port: tcp.port,
    paths,
    stop: () => {
      unix.stop(true);
      tcp.stop(true);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function rawAnswer(status: number, body: string, contentType = "application/json"): string {
  const length = Buffer.byteLength(body);
  return `HTTP/1.1 ${status} X\r\ncontent-type: ${contentType}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`;
}

/** A chunked event stream; without its end the connection breaks off. */
export function rawStream(events: readonly string[], options: { readonly isEnded: boolean }): string {
  const chunks = events.map((event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`).join("");
  const head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
  return `${head}${chunks}${options.isEnded ? "0\r\n\r\n" : ""}`;
}
