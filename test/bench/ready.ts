/** Polls a readiness endpoint as fast as connections can be made. */

type Endpoint = { readonly host: string; readonly port: number; readonly path: string };

const ATTEMPT_TIMEOUT_MS = 1000;

/** One GET over a fresh connection: whether it was answered with 200. */
async function isAnswering({ host, port, path }: Endpoint): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => settle(false), ATTEMPT_TIMEOUT_MS);
    let close = (): void => {};
    let head = "";
    function settle(answer: boolean): void {
      // First the answer: end() calls the close handler before it returns.
      resolve(answer);
      clearTimeout(timer);
      close();
    }
    Bun.connect({
      hostname: host,
      port,
      socket: {
        open(socket) {
          close = () => socket.end();
          socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\nconnection: close\r\n\r\n`);
        },
        data(_socket, data) {
          head += data.toString("latin1");
          if (head.length >= 12) settle(head.startsWith("HTTP/1.1 200") || head.startsWith("HTTP/1.0 200"));
        },
        close: () => settle(false),
        error: () => settle(false),
        connectError: () => settle(false),
      },
    }).catch(() => {
      // Refused: nobody listens yet. connectError has settled it already, or this does.
      settle(false);
    });
  });
}

/** True at the first 200; false when the deadline has passed or the process has ended. */
export async function pollReady(endpoint: Endpoint, deadlineMs: number, isAlive: () => boolean): Promise<boolean> {
  const endMs = performance.now() + deadlineMs;
  while (performance.now() < endMs && isAlive()) {
    if (await isAnswering(endpoint)) return true;
    // Lets the event loop see the child's exit; costs no measurable time.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}
